/** Bytes of any module → what the tiers say of it, once it is tamed and driven. */
import { decodeModule } from "../../../runtime/binary/decode.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { ALL_FEATURES, type Feature } from "../../../runtime/module/features.ts";
import { validateModule } from "../../../runtime/validate/module.ts";
import { Random } from "../random.ts";
import { type Agreement, compareTiers } from "./compare.ts";
import { drive } from "./drive.ts";

/** What V8 does not have, and what cannot be metered. */
const WITHOUT: readonly Feature[] = ["custom-page-sizes", "wide-arithmetic", "legacy-exceptions"];
const features = new Set([...ALL_FEATURES].filter((one) => !WITHOUT.includes(one)));

const excluded = (reason: string): Agreement => ({ kind: "excluded", reason });

export interface JudgeOptions {
  /** The module's own maker has seen to it that relaxed instructions have one result here. */
  readonly open?: boolean;
  /** Compares this tier alone. */
  readonly only?: string | undefined;
}

export function judge(bytes: Uint8Array, seed: string, { open = false, only }: JudgeOptions = {}): Agreement {
  const decoded = decodeModule(bytes);
  if (!decoded.ok) return excluded("malformed");
  const valid = validateModule(decoded.value, { features });
  if (!valid.ok) return excluded("not valid");
  const driven = drive(decoded.value, new Random(`calls ${seed}`), open);
  if (driven === undefined) return excluded("nothing to call, or too large");
  const read = decodeModule(driven.bytes);
  const tamed = read.ok ? validateModule(read.value, { features }) : read;
  if (!tamed.ok) return excluded(`cannot stand alone: ${tamed.error.code}`);
  if (!WebAssembly.validate(driven.bytes)) return excluded("refused by V8");
  return compareTiers(tamed.value, { ...driven, module: unwrap(read) }, seed, only);
}
