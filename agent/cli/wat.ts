/** `sallyport wat`: a module as WebAssembly text, whole or one function. */
import { setImmediate } from "node:timers/promises";
import { unwrap } from "../../runtime/kernel/result.ts";
import { decodeModule, functionNames, type Module, printModule } from "../../runtime/tool/index.ts";
import { readModuleFile } from "./module-file.ts";
import { usageFault, type Verb } from "./verb.ts";

/** Lines that are written at once. */
const BATCH_LINES = 1000;

export const verb: Verb = {
  name: "wat",
  summary: "Print a module as WebAssembly text, which can be assembled again.",
  positionals: ["FILE"],
  options: {
    offsets: { help: "with each instruction's place in the file: (;@0x1234;)" },
    function: { value: "NAME|INDEX", help: "only this function" },
  },
  examples: [
    "sallyport wat module.wasm",
    "sallyport wat module.wasm --function sp_handle --offsets",
    "sallyport wat module.wasm --function 12",
  ],
  async run(args, io) {
    const module = unwrap(decodeModule(await readModuleFile(args.positionals[0] ?? "")));
    const wanted = args.maybe("function")?.replace(/^\$/, "");
    const options = {
      offsets: args.flag("offsets"),
      ...(wanted === undefined ? {} : { function: findFunction(module, wanted) }),
    };
    let batch: string[] = [];
    const flush = () => {
      if (batch.length > 0) io.out(batch.join("\n"));
      batch = [];
    };
    for (const line of printModule(module, options)) {
      batch.push(line);
      if (batch.length < BATCH_LINES) continue;
      flush();
      // A reader that went away is noticed here.
      await setImmediate();
      if (io.signal.aborted) return 1;
    }
    flush();
    return 0;
  },
};

/** By index, by its own name, by what it is exported or imported as. */
function findFunction(module: Module, wanted: string): number {
  const count = module.functions.length + module.imports.filter(({ desc }) => desc.kind === "function").length;
  if (/^\d+$/.test(wanted)) {
    if (Number(wanted) < count) return Number(wanted);
    throw usageFault(`wat: there is no function ${wanted}; the module has ${count}`);
  }
  const exported = module.exports.find(({ name, kind }) => kind === "function" && name === wanted);
  if (exported !== undefined) return exported.index;
  const named = [...functionNames(module)].filter(([, name]) => name === wanted || name.includes(wanted));
  const exact = named.find(([, name]) => name === wanted) ?? (named.length === 1 ? named[0] : undefined);
  if (exact !== undefined) return exact[0];
  const near = named.slice(0, 5).map(([index, name]) => `${index} ${name}`);
  throw usageFault(
    named.length === 0 ? `wat: no function is named ${wanted}` : `wat: which ${wanted}? ${near.join(", ")}`,
  );
}
