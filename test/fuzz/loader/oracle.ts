/**
 * Does our judgement of a module agree with V8's? Both follow the same specification, by different people. Where one has
 * a bound that the specification admits, the input says nothing: such exclusions are listed here, each by its reason.
 */
import { decodeModule } from "../../../runtime/binary/decode.ts";
import { ALL_FEATURES, type Feature } from "../../../runtime/module/features.ts";
import { validateModule } from "../../../runtime/validate/module.ts";

/** What V8 has; legacy exceptions are off in our engine unless asked for, and on in V8. */
const NOT_IN_V8: readonly Feature[] = ["custom-page-sizes", "wide-arithmetic"];
const features = new Set([...ALL_FEATURES].filter((one) => !NOT_IN_V8.includes(one)));

/** Refusals of ours that are bounds of this engine, by code. */
const OUR_LIMITS: ReadonlySet<string> = new Set(["LOAD_UNSUPPORTED", "LOAD_TOO_LARGE", "VALIDATE_LIMIT"]);

/** V8's bounds: its message, and the reason. Appendix "Limits" of the JavaScript interface unless it says otherwise. */
const V8_LIMITS: readonly (readonly [message: RegExp, reason: string])[] = [];

export type Judgement =
  | { readonly kind: "agree"; readonly accepted: boolean }
  | { readonly kind: "excluded"; readonly reason: string }
  | { readonly kind: "differ"; readonly ours: string; readonly v8: string }
  /** Our own mistake flew out. */
  | { readonly kind: "threw"; readonly ours: string }
  | { readonly kind: "costly"; readonly ours: string };

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

/** "accepted", or the refusal's code and text. */
export function ours(bytes: Uint8Array): { readonly code: string; readonly line: string } {
  const decoded = decodeModule(bytes);
  const verdict = decoded.ok ? validateModule(decoded.value, { features }) : decoded;
  return verdict.ok ? { code: ACCEPTED, line: ACCEPTED } : { code: verdict.error.code, line: verdict.error.line() };
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

export function judge(bytes: Uint8Array, bounds: Bounds = BOUNDS): Judgement {
  const [cpu, peak] = [cpuMs(), peakBytes()];
  let own: ReturnType<typeof ours>;
  try {
    own = ours(bytes);
  } catch (thrown) {
    return { kind: "threw", ours: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) };
  }
  const [spent, grown] = [cpuMs() - cpu, peakBytes() - peak];
  if (spent > bounds.cpuMs) return { kind: "costly", ours: `${Math.round(spent)} ms of CPU time: ${own.line}` };
  if (grown > bounds.peakBytes) return { kind: "costly", ours: `${Math.round(grown / 2 ** 20)} MiB more: ${own.line}` };
  const accepted = own.code === ACCEPTED;
  if (WebAssembly.validate(bytes) === accepted) return { kind: "agree", accepted };
  if (OUR_LIMITS.has(own.code)) return { kind: "excluded", reason: `ours: ${own.line.replaceAll(/\d+/g, "N")}` };
  const message = accepted ? v8(bytes) : ACCEPTED;
  const limit = V8_LIMITS.find(([pattern]) => pattern.test(message));
  if (limit !== undefined) return { kind: "excluded", reason: `V8: ${limit[1]}` };
  return { kind: "differ", ours: own.line, v8: message };
}

/** Two findings with the same signature are one: numbers are left out. */
export function signature(judgement: Judgement): string {
  if (judgement.kind === "differ") {
    const message = judgement.v8.replace(/^WebAssembly\.\w+\(\): /, "").replace(/ @\+\d+$/, "");
    return `${judgement.ours} | ${message}`.replaceAll(/#\d+:?"?\w*"?/g, "#").replaceAll(/\d+/g, "N");
  }
  if (judgement.kind === "threw" || judgement.kind === "costly") return judgement.ours.replaceAll(/\d+/g, "N");
  return judgement.kind;
}
