/** `sallyport validate`: Loader and Validator on a desk, with features turned off as a policy would. */
import type { Fault } from "../../runtime/kernel/fault.ts";
import { attemptSync, unwrap } from "../../runtime/kernel/result.ts";
import {
  decodeModule,
  excerpt,
  FEATURES,
  type Feature,
  type Module,
  type ValidModule,
  validateModule,
  WASM_3,
} from "../../runtime/tool/index.ts";
import { readModuleFile } from "./module-file.ts";
import { paint } from "./paint.ts";
import { type Args, type Io, usageFault, type Verb } from "./verb.ts";

export const verb: Verb = {
  name: "validate",
  summary: "Say whether a module is valid WebAssembly, which features it uses, and where it breaks a rule.",
  positionals: ["FILE"],
  options: {
    without: { value: "LIST", many: true, help: "features to refuse, with commas; an unknown name lists all" },
    json: { help: "print the outcome as JSON" },
  },
  examples: [
    "sallyport validate module.wasm",
    "sallyport validate module.wasm --without gc,simd",
    "sallyport validate module.wat --json",
  ],
  async run(args, io) {
    const [file = ""] = args.positionals;
    const allowed = allowedFeatures(args);
    const bytes = await readModuleFile(file);
    const json = args.flag("json");
    let module: Module | undefined;
    const outcome = attemptSync(() => {
      module = unwrap(decodeModule(bytes));
      return unwrap(validateModule(module, { features: allowed }));
    });
    if (outcome.ok) {
      io.out(json ? JSON.stringify({ valid: true, ...facts(outcome.value) }) : sentence(file, outcome.value));
      return 0;
    }
    if (!json) {
      if (module !== undefined) showPlace(module, outcome.error, io);
      throw outcome.error;
    }
    const { code, message, facts: details } = outcome.error;
    io.out(JSON.stringify({ valid: false, code, message, ...details }));
    return 1;
  },
};

function allowedFeatures(args: Args): ReadonlySet<Feature> {
  const off = args.list("without").flatMap((one) => one.split(","));
  for (const one of off) {
    if (!FEATURES.some((name) => name === one)) {
      throw usageFault(`validate: there is no feature ${one}; there are ${[...WASM_3].join(", ")}`);
    }
  }
  return new Set([...WASM_3].filter((one) => !off.includes(one)));
}

const facts = ({ module, features }: ValidModule) => ({
  bytes: module.bytes.length,
  functions: module.code.length,
  features,
});

const sentence = (file: string, valid: ValidModule) => {
  const { bytes, functions, features } = facts(valid);
  return `${file}: valid, ${bytes} bytes, functions: ${functions}; uses ${features.join(", ")}`;
};

/** The instructions around the place that a refusal names. */
function showPlace(module: Module, { facts: { offset } }: Fault, io: Io): void {
  const found = typeof offset === "number" ? excerpt(module, offset) : undefined;
  if (found === undefined) return;
  const { bold, dim } = paint(io.colour);
  io.err(`in function ${found.name}:`);
  for (const { at, text, here } of found.lines) {
    const place = `0x${at.toString(16)}`.padStart(10);
    io.err(here ? bold(`> ${place}  ${text}`) : `  ${dim(place)}  ${text}`);
  }
}
