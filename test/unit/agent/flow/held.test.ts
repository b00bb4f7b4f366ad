/** What is on the board is judged by what is on the board, and where its evidence is lost by what its files are. */
import { describe, expect, it } from "vitest";
import { type HeldContext, judgeHeld } from "../../../../agent/flow/held.ts";
import type { Release } from "../../../../agent/flow/inventory.ts";
import { createJudge, parsePolicy } from "../../../../attest/index.ts";
import { parseManifest } from "../../../../runtime/kernel/authority/manifest.ts";
import type { Sha256 } from "../../../../runtime/kernel/brand.ts";
import { utf8 } from "../../../../runtime/kernel/bytes.ts";
import { sha256 } from "../../../../runtime/kernel/digest.ts";
import { err, ok, unwrap } from "../../../../runtime/kernel/result.ts";
import { fault } from "../../../../updater/faults.ts";
import { envelope, newSigner } from "../../attest/own-keys.ts";

const CODE = sha256(utf8("code"));
const entry = { path: "modules/acme/fan/1.0.0/module.wasm", sha256: CODE, size: 4000 };
const relay = { cap: "gpio", line: "relay", dir: "out", maxHz: 1 };
const document = utf8(
  JSON.stringify({
    ...{ schema: "sallyport.module/1", team: "acme", name: "fan", version: "1.0.0", abi: "core-v1", entry },
    ...{ limits: { memoryPages: 16, callMs: 200 }, triggers: [], capabilities: [relay] },
  }),
);
const signer = newSigner();
const MANIFEST = sha256(document);
const evidence = await envelope(
  utf8(
    JSON.stringify({
      _type: "https://in-toto.io/Statement/v1",
      subject: [CODE, MANIFEST].map((digest) => ({ name: "x", digest: { sha256: digest } })),
      predicateType: "urn:approval",
      predicate: {},
    }),
  ),
  signer,
);
const where = { devices: { all: true }, modules: { team: "acme" } };
const require = [{ type: "predicate", predicateTypes: ["urn:approval"], keys: [signer.publicPem] }];
const cover = { cap: "gpio", line: "relay", dir: "out" };

function held(changes: object = {}, read: Uint8Array | null = evidence, size: number | null = evidence.length) {
  const base = { schema: "sallyport.policy/1", version: 1, evidence: [{ ...where, require }], operators: [] };
  const ceilings = [{ ...where, capabilities: [cover] }];
  const context = {
    device: { id: "board-1", class: "gateway", region: "eu" },
    policy: unwrap(parsePolicy(utf8(JSON.stringify({ ...base, ceilings, ...changes })))),
    trust: { digest: CODE, material: {} },
    judge: createJudge(),
    updater: { fetchTarget: async () => (read === null ? err(fault("UPDATE_NEVER_REFRESHED")) : ok(read)) },
    now: () => 1_790_000_000_000,
  } as unknown as HeldContext;
  const release = {
    ...{ team: "acme", name: "fan", version: "1.0.0", manifest: unwrap(parseManifest(document)) },
    ...{ moduleSha256: CODE, manifestSha256: MANIFEST, bundleSha256: sha256(evidence) as Sha256 },
    ...{ grants: [cover], capabilities: [{ ...relay, safe: "low" }] },
    ...(size === null ? {} : { bundleSize: size }),
  } as unknown as Release;
  return judgeHeld(release, context);
}
const revoked = (running: string) => ({ revoked: [{ digest: CODE, reason: "stolen", running }] });
const codeOf = async (result: ReturnType<typeof held>) => {
  const judged = await result;
  return judged.ok ? judged.value.flags.map((one) => `flag ${one.code}`) : judged.error.code;
};

describe("a release on the board", () => {
  it("goes on while its evidence meets the policy, and is refused when it does not", async () => {
    expect(await codeOf(held())).toEqual([]);
    const other = [{ ...require[0], keys: [newSigner().publicPem] }];
    expect(await codeOf(held({ evidence: [{ ...where, require: other }] }))).toMatch(/^ATTEST_/);
    expect(await codeOf(held({ evidence: [] }))).toBe("ATTEST_NO_RULE");
  });

  it.each<[string, Uint8Array | null, number | null]>([
    ["with its evidence", evidence, evidence.length],
    ["without, as the store has lost it", null, evidence.length],
    ["without, as its size was never recorded", evidence, null],
  ])("is heard of when its code is revoked: %s", async (_, read, size) => {
    expect(await codeOf(held(revoked("stop"), read, size))).toBe("ATTEST_REVOKED");
    expect(await codeOf(held(revoked("flag"), read, size))).toEqual(["flag ATTEST_REVOKED"]);
    expect(await codeOf(held({}, read, size))).toEqual([]);
  });

  it("keeps of its grants what the ceilings of now leave", async () => {
    expect(unwrap(await held()).release.capabilities).toHaveLength(1);
    expect(unwrap(await held({ ceilings: [] })).release.capabilities).toEqual([]);
  });
});
