/** The metered tier's code: our Loader, Validator and instrumenter first, then the host's compiler, a word on the leash. */
import { decodeModule } from "../binary/decode.ts";
import type { GuestCode, GuestTier } from "../guest-code.ts";
import { Fault } from "../kernel/fault.ts";
import { unwrap } from "../kernel/result.ts";
import { codeOf } from "../v8/guest-code.ts";
import { trapOf } from "../v8/traps.ts";
import { validateModule } from "../validate/module.ts";
import { instrument } from "./instrument.ts";
import { METER_EXPORTS, type MeterOptions, WHY } from "./options.ts";

/** What the agent's guests get: a deadline in time needs no fuel. */
const LEASH: MeterOptions = { epoch: true, fuel: "none", reentry: true };

interface MeteredCode extends GuestCode {
  /** One of `WHY`. */
  why(): number;
}

export const meteredTier: GuestTier = {
  make(wasm, module, functions, prepared): MeteredCode {
    const bytes =
      prepared?.bytes ?? unwrap(instrument(unwrap(validateModule(unwrap(decodeModule(wasm)))), LEASH)).bytes;
    const compiled = prepared?.compiled ?? new WebAssembly.Module(bytes);
    const { exports, code } = codeOf(compiled, module, functions);
    const epoch = exports[METER_EXPORTS.epoch];
    const why = exports[METER_EXPORTS.why] as { readonly value: number };
    if (!(epoch instanceof WebAssembly.Memory) || !(epoch.buffer instanceof SharedArrayBuffer)) {
      throw new Error("the instrumented module has no epoch");
    }
    return {
      ...code,
      prepared: { bytes, compiled },
      leash: epoch.buffer,
      begin: () => void code.call(METER_EXPORTS.start),
      why: () => why.value,
    };
  },

  trapOf(thrown, code) {
    const why = (code as MeteredCode | undefined)?.why();
    if (why === WHY.stopped) return { code: "stopped", message: "the host stopped the guest" };
    if (why === WHY.fuel) return { code: "out-of-fuel", message: "the tank is empty" };
    if (thrown instanceof Fault) return { code: "refused", message: thrown.line() };
    return trapOf(thrown);
  },
};
