/** Where a guest's code comes from: this process, the embedder's cache, or the preparing thread, in this order. */
import { expect, it } from "vitest";
import { type CodeCache, PLAIN_GRADE } from "../../../../runtime/engine.ts";
import { engineFault } from "../../../../runtime/faults.ts";
import { err, ok } from "../../../../runtime/kernel/result.ts";
import { codeFor } from "../../../../runtime/worker/prepared.ts";
import { HANDED_OVER, type Preparer } from "../../../../runtime/worker/preparer.ts";
import { assemble } from "../../../guests/guests.ts";

/** No other test has a module of this name: compiled ones are kept by their bytes. */
const module = (name: string) => assemble(`(module (func (export "${name}")))`);
const turn = () => new Promise((done) => setImmediate(done));

const refusing: Preparer = {
  prepare: async () => err(engineFault("ENGINE_PREPARE", { reason: "only asking" })),
  warm: () => undefined,
  end: () => undefined,
};

function rig(refuses = false) {
  const kept = new Map<string, Uint8Array>();
  let prepared = 0;
  const cache: CodeCache = { get: (key) => kept.get(key), put: (key, bytes) => void kept.set(key, bytes) };
  const preparer: Preparer = {
    async prepare(wasm) {
      prepared += 1;
      if (refuses) return err(engineFault("ENGINE_PREPARE", { reason: "too slow" }));
      if (wasm.length > HANDED_OVER) return ok({ bytes: wasm });
      return ok({ bytes: wasm, compiled: new WebAssembly.Module(wasm) });
    },
    warm: () => undefined,
    end: () => undefined,
  };
  const ask = (wasm: Uint8Array) => codeFor({ tier: "metered", grade: PLAIN_GRADE, wasm, cache }, preparer);
  return { kept, ask, prepared: () => prepared };
}

it("what was prepared is given at once, is written to the cache afterwards, and is not prepared again", async () => {
  const { kept, ask, prepared } = rig();
  const first = await ask(module("prepared-once"));
  expect([first.ok, kept.size]).toEqual([true, 0]);
  await turn();
  expect(kept.size).toBe(1);
  expect(await ask(module("prepared-once"))).toEqual(first);
  expect(prepared()).toBe(1);
});

it("cached bytes that the host's compiler refuses are prepared again and replaced", async () => {
  const { kept, ask, prepared } = rig();
  const wasm = module("refused-by-this-host");
  const key = await keyOf(wasm);
  kept.set(key, Uint8Array.of(1, 2, 3));
  expect((await ask(wasm)).ok).toBe(true);
  await turn();
  expect([prepared(), kept.get(key)]).toEqual([1, wasm]);
});

it("a module that is refused leaves nothing behind, and is judged again", async () => {
  const { kept, ask, prepared } = rig(true);
  const wasm = module("always-refused");
  for (let n = 0; n < 2; n += 1) expect(await ask(wasm)).toMatchObject({ error: { code: "ENGINE_PREPARE" } });
  await turn();
  expect([prepared(), kept.size]).toEqual([2, 0]);
});

it("a module too large to be handed from thread to thread is given as bytes, in either compiled tier", async () => {
  const { ask, prepared } = rig();
  // A custom section of 5 MiB: nothing to compile, much to read.
  const wasm = Uint8Array.from([...module("large"), 0, 0x81, 0x80, 0xc0, 0x02, 0, ...new Uint8Array(5 * 2 ** 20)]);
  expect(WebAssembly.validate(wasm)).toBe(true);
  const first = await ask(wasm);
  expect(first.ok && Object.keys(first.value ?? {})).toEqual(["bytes"]);
  await turn();
  const second = await ask(wasm);
  expect(second.ok && Object.keys(second.value ?? {})).toEqual(["bytes"]);
  expect(prepared()).toBe(1);
  const plain = await codeFor({ tier: "v8", grade: PLAIN_GRADE, wasm, cache: undefined }, refusing);
  expect(plain.ok && Object.keys(plain.value ?? {})).toEqual(["bytes"]);
});

/** The key under which a module's code is kept. */
async function keyOf(wasm: Uint8Array): Promise<string> {
  const asked: string[] = [];
  const cache: CodeCache = { get: (key) => void asked.push(key), put: () => undefined };
  await codeFor({ tier: "metered", grade: PLAIN_GRADE, wasm, cache }, refusing);
  return asked[0] ?? "";
}
