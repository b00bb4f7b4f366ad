/** The judge's memory: the same question costs one verification, and no two questions share an answer. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  createJudge,
  createRootReader,
  firstRefusal,
  type JudgeInput,
  judge,
  parseTrustedRoot,
  type TrustedRoot,
} from "../../../attest/index.ts";
import { sha512 } from "../../../runtime/kernel/digest.ts";
import { type FakeSigstore, startSigstore } from "../../fakes/sigstore.ts";
import { ARTIFACTS, altered, DEVICE, MODULE, OTHER_BYTES, policy, question, rule, signed } from "./release.ts";

let sigstore: FakeSigstore;
let good: JudgeInput;
let other: JudgeInput;
beforeAll(async () => {
  sigstore = await startSigstore();
  const bundles = await Promise.all([signed(sigstore), signed(sigstore)]);
  [good, other] = bundles.map((one) => question(sigstore, one)) as [JudgeInput, JudgeInput];
});
afterAll(() => sigstore.close());

/** A judge that counts how often it really judges. */
function counted(max?: number) {
  let count = 0;
  const remembering = createJudge(max, (input) => {
    count += 1;
    return judge(input);
  });
  return { ask: remembering, count: () => count };
}

describe("a judge that remembers", () => {
  it("judges the same question once, also when it is put in other words", () => {
    const { ask, count } = counted();
    const first = ask(good);
    expect(first).toEqual(judge(good));
    expect(ask(good)).toBe(first);
    expect(ask({ ...good, bundle: good.bundle.slice(), device: { ...DEVICE } })).toBe(first);
    expect(count()).toBe(1);
  });

  it("remembers refusals too, with the fault and its cause", () => {
    const { ask, count } = counted();
    const bad = { ...good, bundle: good.bundle.subarray(1) };
    const { cause } = firstRefusal(ask(bad));
    expect(cause).toBeDefined();
    expect(firstRefusal(ask(bad)).cause).toBe(cause);
    expect(count()).toBe(1);
  });

  it("asks again after an hour what it refused: it may have been dated ahead of a clock that was behind", () => {
    const { ask, count } = counted();
    const bad = { ...good, bundle: good.bundle.subarray(1) };
    for (const laterMs of [0, 3_599_999, 3_600_000, 3_600_001]) ask({ ...bad, nowMs: good.nowMs + laterMs });
    expect(count()).toBe(2);
    for (const laterMs of [0, 3_600_000, 8_000_000_000]) ask({ ...good, nowMs: good.nowMs + laterMs });
    expect(count()).toBe(3);
  });

  it.each<[string, (input: JudgeInput) => JudgeInput]>([
    ["the bundle", (input) => ({ ...input, bundle: other.bundle })],
    ["a byte of the bundle", (input) => ({ ...input, bundle: altered(input.bundle, (json) => (json.extra = 1)) })],
    ["the policy", (input) => ({ ...input, policy: policy(rule({ builders: ["https://x.example"] })) })],
    ["the policy's version", (input) => ({ ...input, policy: { ...input.policy, version: 2 } })],
    ["the trusted root", (input) => ({ ...input, trust: { ...input.trust, digest: OTHER_BYTES } as TrustedRoot })],
    ["an artifact", (input) => ({ ...input, artifacts: [{ ...ARTIFACTS[0], sha256: OTHER_BYTES }, ARTIFACTS[1]] })],
    [
      "an artifact's second digest",
      (input) => ({ ...input, artifacts: [{ ...ARTIFACTS[0], sha512: sha512(new Uint8Array()) }] }),
    ],
    ["the number of artifacts", (input) => ({ ...input, artifacts: [ARTIFACTS[0]] })],
    ["the module", (input) => ({ ...input, module: { ...MODULE, name: "relay" } })],
    ["what it asks for", (input) => ({ ...input, module: { ...MODULE, capabilities: [] } })],
    ["where its data may be", (input) => ({ ...input, module: { ...MODULE, regions: ["eu"] } })],
    ["whether it runs already", (input) => ({ ...input, running: true })],
    ["the module's team", (input) => ({ ...input, module: { ...MODULE, team: "other" } })],
    ["the module's version", (input) => ({ ...input, module: { ...MODULE, version: "1.2.4" } })],
    ["the device", (input) => ({ ...input, device: { ...DEVICE, id: "board-2" } })],
    ["the device's class", (input) => ({ ...input, device: { ...DEVICE, class: "sensor" } })],
    ["the device's region", (input) => ({ ...input, device: { ...DEVICE, region: "us" } })],
  ])("asks again when %s is another", (_, change) => {
    const { ask, count } = counted();
    ask(good);
    expect(ask(change(good))).toEqual(judge(change(good)));
    expect(count()).toBe(2);
  });

  it("forgets the question that was not put for longest, and never holds more than it may", () => {
    const { ask, count } = counted(2);
    const third = { ...good, device: { ...DEVICE, id: "board-3" } };
    for (const one of [good, other, good, third, good]) ask(one);
    expect(count()).toBe(3);
    ask(other);
    expect(count()).toBe(4);
  });
});

describe("a reader of trusted roots", () => {
  it("parses the same bytes once, other bytes anew, and keeps nothing that it refused", () => {
    let count = 0;
    const read = createRootReader((bytes) => {
      count += 1;
      return parseTrustedRoot(bytes);
    });
    const bytes = sigstore.trustedRoot;
    const first = read(bytes);
    expect(read(bytes.slice())).toEqual(first);
    expect(count).toBe(1);
    const spaced = new Uint8Array([...bytes, 0x20]);
    expect(read(spaced).ok && read(spaced).ok).toBe(true);
    expect(count).toBe(2);
    expect(read(bytes.subarray(1)).ok || read(bytes.subarray(1)).ok).toBe(false);
    expect(count).toBe(4);
  });
});
