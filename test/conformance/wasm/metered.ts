/** The metered tier under the script runner: Loader, Validator, instrumenter, then V8. */
import { decodeModule } from "../../../runtime/binary/decode.ts";
import { instrument, METER_EXPORTS, type MeterOptions } from "../../../runtime/metered/index.ts";
import { validateModule } from "../../../runtime/validate/module.ts";
import type { MakeEngine } from "./engine.ts";
import { refuse } from "./interpreter.ts";
import { engineOf } from "./v8.ts";

const PLENTY = 1n << 60n;

const metered =
  (meter: MeterOptions): MakeEngine =>
  ({ features }) =>
    engineOf({
      prepare(bytes) {
        const decoded = decodeModule(bytes);
        const valid = decoded.ok ? validateModule(decoded.value, { features }) : decoded;
        const made = valid.ok ? instrument(valid.value, meter) : valid;
        return made.ok ? { ok: true, value: made.value.bytes } : refuse(made.error);
      },
      settle(exports) {
        const start = exports[METER_EXPORTS.start];
        if (typeof start === "function") start();
      },
    });

export const meteredTiers: Readonly<Record<string, MakeEngine>> = {
  // Every other turn of every loop goes on in the function's twin.
  "metered-reentry": metered({ epoch: true, fuel: "exact", reentry: true, tank: PLENTY, turns: 2 }),
  metered: metered({ epoch: true, fuel: "none", reentry: true }),
  "metered-block": metered({ epoch: true, fuel: "block", reentry: true, tank: PLENTY }),
  "metered-exact": metered({ epoch: true, fuel: "exact", reentry: true, tank: PLENTY }),
  "metered-deterministic": metered({ epoch: true, fuel: "exact", reentry: true, tank: PLENTY, deterministic: true }),
};
