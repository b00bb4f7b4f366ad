/**
 * Does our judgement of a module agree with V8's? Both follow the same specification, by different people. Where one has
 * a bound that the specification admits, the input says nothing: such exclusions are listed here, each by its reason.
 */
import { decodeModule } from "../../../runtime/binary/decode.ts";
import { ALL_FEATURES, type Feature } from "../../../runtime/module/features.ts";
import { validateModule } from "../../../runtime/validate/module.ts";
import { unevenness } from "./again.ts";
import { leniency, type Refused } from "./leniencies.ts";

/** What V8 has; legacy exceptions are off in our engine unless asked for, and on in V8. */
const NOT_IN_V8: readonly Feature[] = ["custom-page-sizes", "wide-arithmetic"];
const features = new Set([...ALL_FEATURES].filter((one) => !NOT_IN_V8.includes(one)));

/** Refusals of ours that are bounds of this engine, by code. */
const OUR_LIMITS: ReadonlySet<string> = new Set(["LOAD_UNSUPPORTED", "LOAD_TOO_LARGE", "VALIDATE_LIMIT"]);

const MIX = "one module uses the old or the new exceptions, not both";
/** V8's bounds: its message, and the reason. Most are the appendix "Limits" of the JavaScript interface. */
const V8_LIMITS: readonly (readonly [message: RegExp, reason: string])[] = [
  [/local count too large/, "at most 50 000 locals, parameters counted; we do not count those"],
  [
    /(?:initial|maximum) memory size \(\d+ pages\) is larger than implementation limit/,
    "memories of 65 536 (64-bit: 262 144) pages",
  ],
  [
    /initial table size \(\d+ elements\) is larger than implementation limit/,
    "tables of at most 10 million elements at first",
  ],
  [/mix of legacy and new exception handling/, MIX],
];

export type Judgement =
  | { readonly kind: "agree"; readonly accepted: boolean }
  | { readonly kind: "excluded"; readonly reason: string }
  | { readonly kind: "differ"; readonly ours: string; readonly v8: string }
  /** Our own mistake flew out. */
  | { readonly kind: "threw"; readonly ours: string }
  | { readonly kind: "costly"; readonly ours: string }
  /** We say one thing at first and another later. */
  | { readonly kind: "uneven"; readonly ours: string };

export interface Bounds {
  readonly cpuMs: number;
  readonly peakBytes: number;
}
export const BOUNDS: Bounds = { cpuMs: 1000, peakBytes: 256 * 1024 * 1024 };

const cpuMs = () => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};
const peakBytes = () => process.resourceUsage().maxRSS * 1024;

const ACCEPTED = "accepted";

interface Verdict extends Refused {
  /** The module has exceptions of the old kind. */
  readonly legacy: boolean;
}

/** "accepted", or the refusal's code and text. */
export function ours(bytes: Uint8Array): Verdict {
  const decoded = decodeModule(bytes);
  const verdict = decoded.ok ? validateModule(decoded.value, { features }) : decoded;
  if (verdict.ok) {
    const legacy = verdict.value.features.includes("legacy-exceptions");
    return { code: ACCEPTED, line: ACCEPTED, at: -1, legacy };
  }
  const { code, facts } = verdict.error;
  const at = typeof facts["offset"] === "number" ? facts["offset"] : -1;
  return { code, line: verdict.error.line(), at, legacy: false };
}

/** "accepted", or V8's message. */
export function v8(bytes: Uint8Array): string {
  try {
    new WebAssembly.Module(bytes);
    return ACCEPTED;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

const threw = (thrown: unknown): Judgement => ({
  kind: "threw",
  ours: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
});

export function judge(bytes: Uint8Array, bounds: Bounds = BOUNDS): Judgement {
  const [cpu, peak] = [cpuMs(), peakBytes()];
  let own: ReturnType<typeof ours>;
  try {
    own = ours(bytes);
  } catch (thrown) {
    return threw(thrown);
  }
  const [spent, grown] = [cpuMs() - cpu, peakBytes() - peak];
  if (spent > bounds.cpuMs) return { kind: "costly", ours: `${Math.round(spent)} ms of CPU time: ${own.line}` };
  if (grown > bounds.peakBytes) return { kind: "costly", ours: `${Math.round(grown / 2 ** 20)} MiB more: ${own.line}` };
  const accepted = own.code === ACCEPTED;
  if (WebAssembly.validate(bytes) === accepted) {
    try {
      const uneven = unevenness(bytes, accepted, features);
      return uneven === undefined ? { kind: "agree", accepted } : { kind: "uneven", ours: uneven };
    } catch (thrown) {
      return threw(thrown);
    }
  }
  if (OUR_LIMITS.has(own.code)) return { kind: "excluded", reason: `ours: ${own.line.replaceAll(/\d+/g, "N")}` };
  const message = accepted ? v8(bytes) : ACCEPTED;
  // V8 looks for the mix in functions that are compiled side by side, and does not find it every time.
  if (accepted && message === ACCEPTED && own.legacy) return { kind: "excluded", reason: `V8: ${MIX}` };
  const limit = V8_LIMITS.find(([pattern]) => pattern.test(message));
  if (limit !== undefined) return { kind: "excluded", reason: `V8: ${limit[1]}` };
  const lenient = accepted ? undefined : leniency(bytes, own, (other) => ours(other).code === ACCEPTED);
  if (lenient !== undefined) return { kind: "excluded", reason: `V8: ${lenient}` };
  return { kind: "differ", ours: own.line, v8: message };
}

/** Two findings with the same signature are one: numbers are left out. */
export function signature(judgement: Judgement): string {
  if (judgement.kind === "differ") {
    const message = judgement.v8.replace(/^WebAssembly\.\w+\(\): /, "").replace(/ @\+\d+$/, "");
    return `${judgement.ours} | ${message}`.replaceAll(/#\d+:?"?\w*"?/g, "#").replaceAll(/\d+/g, "N");
  }
  return "ours" in judgement ? judgement.ours.replaceAll(/\d+/g, "N") : judgement.kind;
}
