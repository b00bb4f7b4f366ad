/** The version manifest: what the director's side takes from a board, and what it notices. */
import { describe, expect, it } from "vitest";
import type { Release } from "../../../agent/flow/inventory.ts";
import { createVersionsReport } from "../../../agent/report/versions.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { sha256 } from "../../../runtime/kernel/digest.ts";
import { signEnvelope } from "../../../runtime/kernel/dsse.ts";
import { Fault } from "../../../runtime/kernel/fault.ts";
import { type Result, unwrap } from "../../../runtime/kernel/result.ts";
import { generateKeyPem, parsePublicKey, parseSigner } from "../../../runtime/kernel/signer.ts";
import { signVersionManifest, type VersionManifest } from "../../../updater/index.ts";
import { type JudgedManifest, judgeVersionManifest, type ManifestInput } from "../../../updater/repository/index.ts";
import { SteppingClock } from "../../fakes/clock.ts";
import { codeOf, DEVICE, faultOf, OTHER } from "./site.ts";

const deviceKey = unwrap(parseSigner(generateKeyPem()));
const key = unwrap(parsePublicKey(deviceKey.publicPem));
const versions = { root: 1, timestamp: 7, snapshot: 5, targets: 3 };

const facts = (changes: Partial<VersionManifest> = {}): VersionManifest => ({
  schema: "sallyport.versions/1",
  device: DEVICE,
  counter: 12,
  commit: 4,
  nonce: "00112233445566778899aabbccddeeff",
  timeFloor: Date.UTC(2026, 5, 1),
  metadata: { image: versions, director: versions },
  installed: [
    { path: "modules/acme/thermostat/1.0.0/module.wasm", length: 9, sha256: sha256(utf8("x")), releaseCounter: 1 },
  ],
  refused: { code: "UPDATE_ROLLBACK", kind: "attack" },
  ...changes,
});
const sign = (changes: Partial<VersionManifest> = {}, by = deviceKey) => signVersionManifest(facts(changes), by);
const judge = (bytes: Uint8Array, changes: Partial<ManifestInput> = {}): Result<JudgedManifest> =>
  judgeVersionManifest({ bytes, device: DEVICE, key, seen: undefined, ...changes });

describe("a version manifest", () => {
  it("that the board signed is taken, and what counts of it is remembered", async () => {
    const { manifest, seen } = unwrap(judge(await sign()));
    expect(manifest).toEqual(facts());
    expect(seen).toEqual({ counter: 12, commit: 4, nonces: [facts().nonce] });
  });

  it("signed by another key, or of another kind of document, is refused", async () => {
    expect(codeOf(judge(await sign({}, unwrap(parseSigner(generateKeyPem())))))).toBe("DSSE_UNSIGNED");
    const other = await signEnvelope("application/vnd.in-toto+json", utf8(JSON.stringify(facts())), [deviceKey]);
    expect(codeOf(judge(utf8(JSON.stringify(other))))).toBe("DSSE_TYPE");
  });

  it("of another board is refused, though that board's own key signed it", async () => {
    const fault = faultOf(judge(await sign({ device: OTHER })));
    expect(fault.code).toBe("REPO_MANIFEST_DEVICE");
    expect(fault.facts).toEqual({ device: DEVICE, found: OTHER });
  });

  it("with a field too many, an endless list or an endless file is refused", async () => {
    const type = "application/vnd.sallyport.versions+json";
    const judged = async (document: object) =>
      codeOf(judge(utf8(JSON.stringify(await signEnvelope(type, utf8(JSON.stringify(document)), [deviceKey])))));
    expect(await judged({ ...facts(), more: 1 })).toBe("SHAPE_MISMATCH");
    expect(await judged({ ...facts(), installed: Array(257).fill(facts().installed[0]) })).toBe("SHAPE_MISMATCH");
    expect(codeOf(judge(new Uint8Array(300_000)))).toBe("SHAPE_TOO_LARGE");
    await expect(sign({ counter: 0 })).rejects.toMatchObject({ code: "SHAPE_MISMATCH" });
  });

  it("is taken once; the same again, or one that does not answer what was asked, is a replay", async () => {
    const bytes = await sign();
    const { seen } = unwrap(judge(bytes));
    expect(codeOf(judge(bytes, { seen }))).toBe("REPO_MANIFEST_REPLAYED");
    expect(codeOf(judge(bytes, { nonce: "ff".repeat(16) }))).toBe("REPO_MANIFEST_REPLAYED");
    expect(judge(bytes, { nonce: facts().nonce }).ok).toBe(true);
  });

  it.each([
    ["manifests", { counter: 12 }],
    ["commits", { counter: 13, commit: 3 }],
  ])("that counts fewer %s than before shows a board that was put back", async (_, changes) => {
    const { seen } = unwrap(judge(await sign()));
    const fault = faultOf(judge(await sign({ ...changes, nonce: "ab".repeat(16) }), { seen }));
    expect(fault.code).toBe("REPO_BOARD_RESTORED");
    expect(fault.kind).toBe("attack");
    expect(fault.facts).toMatchObject({ device: DEVICE, seen: 12, seenCommit: 4 });
    expect(judge(await sign({ counter: 13, nonce: "ab".repeat(16) }), { seen }).ok).toBe(true);
  });
});

describe("a board", () => {
  const release = {
    team: "acme",
    name: "thermostat",
    version: "1.0.0",
    moduleSize: 9,
    moduleSha256: sha256(utf8("x")),
    releaseCounter: 2,
  } as Release;

  it("says what it runs when it changed, and once a day; what was refused until it comes right", async () => {
    const clock = new SteppingClock();
    const sent: Uint8Array[] = [];
    const report = createVersionsReport({
      device: DEVICE,
      key: deviceKey,
      updater: { view: () => undefined, commits: () => 3 },
      memory: {
        modules: { list: () => [{ name: release.name, committed: release, failed: [] }] } as never,
        timeFloor: () => 1000,
        nextManifest: () => sent.length + 1,
      },
      clock,
      random: { bytes: (count) => new Uint8Array(count).fill(sent.length), fraction: () => 0 },
      send: (bytes) => void sent.push(bytes),
    });
    await report.say();
    await report.say();
    expect(sent).toHaveLength(1);
    report.outcome(new Fault("UPDATE_STALE", { kind: "stale", says: "", means: "", todo: "" }, {}));
    await report.say();
    clock.advance(86_400_000);
    await report.say();
    report.outcome(undefined);
    await report.say();
    let seen: JudgedManifest["seen"] | undefined;
    const said = sent.map((bytes) => {
      const judged = unwrap(judge(bytes, { seen }));
      seen = judged.seen;
      return judged.manifest;
    });
    expect(said.map((one) => one.refused?.kind)).toEqual([undefined, "stale", "stale", undefined]);
    expect(said[0]).toMatchObject({
      counter: 1,
      commit: 3,
      installed: [{ path: "modules/acme/thermostat/1.0.0/module.wasm", length: 9, releaseCounter: 2 }],
    });
    expect(said[0]?.metadata).toBeUndefined();
  });
});
