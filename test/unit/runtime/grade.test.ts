/** A guest's grade: fuel for each of its calls, the same end in both tiers, and prepared code kept apart by grade. */
import { afterEach, describe, expect, it } from "vitest";
import { hostModule } from "../../../devices/index.ts";
import { createRegistry, loadModule, Store } from "../../../runtime/embed/index.ts";
import { engineOf, type Guest, type GuestGrade, type GuestOptions, load, type Tier } from "../../../runtime/index.ts";
import { nodeClock } from "../../../runtime/kernel/node-world.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { assemble } from "../../guests/guests.ts";

const LIMITS = { memoryPages: 4, tableElements: 8, callMs: 5000, logLinesPerMin: 60 };
const running: Guest[] = [];
afterEach(() => Promise.all(running.splice(0).map((one) => one.terminate())));

/** Its handler turns a loop as often as the event's argument says; four instructions a turn at least. */
const COUNTING = `(module (memory (export "memory") 1) SECTIONS
  (func $turn (param $left i32) (loop $again
    (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))
  (func (export "sp_handle") (param i32 i32 i64) (param $arg i32) (result i32) (call $turn (local.get $arg)) (local.get $arg)))`;

const start = (tier: Tier, grade: GuestGrade, sections = "", over: Partial<GuestOptions> = {}) =>
  engineOf(tier).start({
    module: unwrap(load(assemble(COUNTING.replace("SECTIONS", sections)), LIMITS)),
    host: hostModule,
    port: { call: () => ({ value: 0 }) },
    limits: LIMITS,
    grade,
    identity: { deviceId: "porch-1", moduleName: "test", moduleVersion: "1.0.0" },
    local: {},
    clock: nodeClock,
    onLog: () => undefined,
    ...over,
  });
const event = (arg: number) => ({ kind: 2, handle: 0, timeNs: 0n, arg });

describe.each(["metered", "interpreter", "auto"] as const)("fuel for each call, in the %s tier", (tier) => {
  const grade: GuestGrade = { fuel: "exact", fuelPerCall: 5_000, deterministic: false };

  it("is full again at every call, and a call that needs more ends the guest with the trap out-of-fuel", async () => {
    const guest = unwrap(await start(tier, grade));
    running.push(guest);
    for (let n = 0; n < 3; n += 1) expect(unwrap(await guest.handle(event(800)))).toBe(800);
    expect(await guest.handle(event(2000))).toMatchObject({ ok: false, error: { code: "ENGINE_GUEST_ENDED" } });
    expect(await guest.ended).toMatchObject({ why: "trap", code: "out-of-fuel" });
  });

  it("bounds the start function as well", async () => {
    const refused = await start(tier, grade, "(start $s) (func $s (call $turn (i32.const 2000)))");
    expect(refused).toMatchObject({ ok: false, error: { code: "ENGINE_TRAP", facts: { trap: "out-of-fuel" } } });
    running.push(unwrap(await start(tier, grade, "(start $s) (func $s (call $turn (i32.const 800)))")));
  });

  it("is without end where no number is given", async () => {
    const guest = unwrap(await start(tier, { fuel: "exact", deterministic: false }));
    running.push(guest);
    expect(unwrap(await guest.handle(event(20_000)))).toBe(20_000);
  });
});

it("one unit too few ends a call in both tiers, and the exact number lets it return", async () => {
  const enough = async (tier: "metered" | "interpreter", units: number) => {
    const guest = unwrap(await start(tier, { fuel: "exact", fuelPerCall: units, deterministic: false }));
    const answer = await guest.handle(event(100));
    await guest.terminate();
    return answer.ok;
  };
  const store = new Store({ registry: createRegistry(), fuel: 1_000_000 });
  const valid = unwrap(loadModule(assemble(COUNTING.replace("SECTIONS", "")), { registry: store.registry }));
  const handle = unwrap(store.instantiate(valid, () => undefined)).exports.get("sp_handle");
  const i32 = (value: number) => ({ type: "i32", value }) as const;
  if (handle?.kind !== "function") throw new Error("no handler");
  unwrap(store.invoke(handle, [i32(2), i32(0), { type: "i64", value: 0n }, i32(100)]));
  const cost = 1_000_000 - store.fuel;
  for (const tier of ["metered", "interpreter"] as const) {
    expect([await enough(tier, cost), await enough(tier, cost - 1)], tier).toEqual([true, false]);
  }
});

it("prepared code of one grade is not taken for another", async () => {
  const kept = new Map<string, Uint8Array>();
  const cache = {
    get: (key: string) => kept.get(key),
    put: (key: string, bytes: Uint8Array) => void kept.set(key, bytes),
  };
  const sections = '(data (i32.const 0) "kept apart")';
  for (const fuel of ["none", "block", "exact"] as const) {
    running.push(unwrap(await start("metered", { fuel, deterministic: false }, sections, { cache })));
  }
  const keys = [...kept.keys()].map((key) => key.replace(/\d+-[0-9a-f]{64}$/, "V"));
  expect(keys).toEqual(["metered-V", "metered-block-V", "metered-exact-V"]);
});

it("the deterministic grade leaves the interpreter's NaN in every tier", async () => {
  const bytes = assemble(`(module (memory (export "memory") 1)
    (func (export "sp_handle") (param i32 i32 i64 i32) (result i32)
      (i32.reinterpret_f32 (f32.div (f32.load (i32.const 0)) (f32.load (i32.const 0))))))`);
  const module = unwrap(load(bytes, LIMITS));
  for (const tier of ["metered", "interpreter", "auto"] as const) {
    const guest = unwrap(await start(tier, { fuel: "none", deterministic: true }, "", { module }));
    running.push(guest);
    expect([tier, unwrap(await guest.handle(event(0)))]).toEqual([tier, 0x7fc00000]);
  }
});
