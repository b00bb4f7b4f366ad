/** The metered tier's code: the instrumented module in the host's compiler, a word on the leash. */
import type { GuestCode, GuestTier } from "../guest-code.ts";
import { assert } from "../kernel/assert.ts";
import { Fault } from "../kernel/fault.ts";
import { codeOf } from "../v8/guest-code.ts";
import { trapOf } from "../v8/traps.ts";
import { METER_EXPORTS, WHY, whyOf } from "./options.ts";

export interface MeteredCode extends GuestCode {
  readonly exports: Readonly<Record<string, unknown>>;
  /** One of `WHY`. */
  why(): number;
}

/** Of which no call sees the end. */
const NO_BOUND = 2n ** 62n;

function fill(tank: { value: bigint }, units: number): void {
  tank.value = units === Number.POSITIVE_INFINITY ? NO_BOUND : BigInt(units);
}

/** `prepare` makes the bytes where none were prepared before: absent where another thread prepares. */
export const meteredTier = (prepare?: (wasm: Uint8Array) => Uint8Array): GuestTier<MeteredCode> => ({
  make(wasm, module, functions, prepared) {
    const bytes = prepared?.bytes ?? (prepared === undefined ? prepare?.(wasm) : undefined);
    const compiled = prepared?.compiled ?? (bytes === undefined ? undefined : new WebAssembly.Module(bytes));
    assert(compiled !== undefined, "a module that was not prepared never reaches the host's compiler");
    const { exports, code } = codeOf(compiled, module, functions);
    const epoch = exports[METER_EXPORTS.epoch];
    const tank = exports[METER_EXPORTS.fuel] as { value: bigint } | undefined;
    if (!(epoch instanceof WebAssembly.Memory) || !(epoch.buffer instanceof SharedArrayBuffer)) {
      throw new Error("the instrumented module has no epoch");
    }
    return {
      ...code,
      exports,
      leash: epoch.buffer,
      ...(tank === undefined ? {} : { refuel: (units: number) => fill(tank, units) }),
      begin: () => void code.call(METER_EXPORTS.start),
      why: () => whyOf(exports),
    };
  },

  trapOf(thrown, code) {
    const why = (code as MeteredCode | undefined)?.why();
    if (why === WHY.stopped) return { code: "stopped", message: "the host stopped the guest" };
    if (why === WHY.fuel) return { code: "out-of-fuel", message: "the tank is empty" };
    if (thrown instanceof Fault) return { code: "refused", message: thrown.line() };
    return trapOf(thrown);
  },
});
