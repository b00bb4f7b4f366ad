/** The tiers that one module is run in, and how each of them is made. */
import { unwrap } from "../../../runtime/kernel/result.ts";
import { instrument, type MeterOptions } from "../../../runtime/metered/index.ts";
import type { ValidModule } from "../../../runtime/validate/module.ts";
import type { Driven } from "./drive.ts";
import type { Subject } from "./subject.ts";
import { carried } from "./subject-carried.ts";
import { compiled } from "./subject-compiled.ts";
import { interpreted } from "./subject-interpreter.ts";

const METERED: readonly (readonly [name: string, options: MeterOptions])[] = [
  ["metered-exact", { epoch: true, fuel: "exact", reentry: true, turns: 2, piece: 5 }],
  ["metered-block", { epoch: true, fuel: "block", reentry: true, turns: 3, piece: 64 }],
  ["metered-epoch", { epoch: true, fuel: "none", reentry: true, turns: 2 }],
  ["metered-plain", { epoch: false, fuel: "exact", reentry: false }],
  ["metered-deterministic", { epoch: true, fuel: "exact", reentry: true, turns: 3, deterministic: true }],
];

/** What `--only` may name: all but the one that the others are compared with. */
export const SUBJECT_NAMES: readonly string[] = [
  ...["interpreter-blocks", "interpreter-slices", "interpreter-moved", "v8"],
  ...METERED.map(([name]) => name),
  "carried",
];

/** Every tier for one module; the first is the one that the others are compared with. */
export function subjectsOf(valid: ValidModule, driven: Driven): readonly Subject[] {
  return [
    interpreted("interpreter", driven, {}),
    interpreted("interpreter-blocks", driven, { blocks: "eager" }),
    interpreted("interpreter-slices", driven, { blocks: "eager", slice: 23 }),
    interpreted("interpreter-moved", driven, { blocks: "eager", slice: 101, moved: true }),
    compiled("v8", driven, () => driven.bytes, "none"),
    ...METERED.map(([name, options]) =>
      compiled(name, driven, () => unwrap(instrument(valid, options)).bytes, options.fuel),
    ),
    carried("carried", valid, driven),
  ];
}
