/** The appraiser: what it takes from a board, and what an attacker, a second copy of a board or a late update gets. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { appraise, parseReference, referenceLike, STATEMENT_PAYLOAD_TYPE } from "../../../attest/index.ts";
import { base64, utf8 } from "../../../runtime/kernel/bytes.ts";
import { canonicalJson } from "../../../runtime/kernel/canonical.ts";
import { signEnvelope } from "../../../runtime/kernel/dsse.ts";
import { signVersionManifest } from "../../../updater/index.ts";
import {
  CLIMATE,
  digestOf,
  facts,
  judged,
  KEY,
  memoryOf,
  NONCE,
  NOW,
  OTHER_KEY,
  reference,
  say,
} from "./appraise-board.ts";

const MODULES = [{ team: "acme", name: "room-climate", digests: [CLIMATE.digest] }];
const WHOLE = {
  agents: [digestOf("agent")],
  tiers: ["metered"],
  modules: MODULES,
  policy: { versionMin: 3, digest: digestOf("policy") },
  metadataMin: { director: { targets: 7 } },
};
const other = (changes: object) => ({ ...CLIMATE, ...changes });
const parts = (envelope: Uint8Array) => JSON.parse(new TextDecoder().decode(envelope));
const sign = async (statement: unknown, type = STATEMENT_PAYLOAD_TYPE, text = canonicalJson(statement)) =>
  utf8(JSON.stringify(await signEnvelope(type, utf8(text), [KEY])));
const statementIn = (envelope: Uint8Array) => JSON.parse(Buffer.from(parts(envelope).payload, "base64").toString());

describe("the appraiser", () => {
  it("verifies a board that is what it should be, and lists what it held it against", async () => {
    const { status, reasons, statement } = appraise({
      envelope: await say(),
      reference: reference(WHOLE),
      before: undefined,
      nowMs: NOW,
    });
    expect(status).toBe("verified");
    expect(statement?.subject.map(({ name }) => name)).toEqual(["agent/0.1.0", "modules/acme/room-climate/1.0.0"]);
    expect(reasons.map(({ check, outcome }) => `${check} ${outcome}`)).toEqual([
      "signature passed",
      "device passed",
      "nonce unexamined",
      "counter unexamined",
      "boot unexamined",
      "metadata-before unexamined",
      "policy-before unexamined",
      "time-floor unexamined",
      "age passed",
      "agent passed",
      "engine passed",
      "modules passed",
      "policy passed",
      "metadata passed",
      "quote unexamined",
    ]);
  });

  it("says of every part without a reference value that it was not examined", async () => {
    const { status, reasons } = appraise({
      envelope: await say(),
      reference: reference(),
      before: undefined,
      nowMs: NOW,
    });
    expect(status).toBe("verified");
    const unexamined = reasons.filter(({ outcome }) => outcome === "unexamined").map(({ check }) => check);
    expect(unexamined).toEqual(expect.arrayContaining(["agent", "engine", "modules", "policy", "metadata", "quote"]));
  });

  it("lists the reasons of every genuine statement in the same order, whatever is refused", async () => {
    const order = async (envelope: Promise<Uint8Array>, more = {}) =>
      appraise({
        envelope: await envelope,
        reference: reference(WHOLE),
        before: undefined,
        nowMs: NOW,
        ...more,
      }).reasons.map(({ check }) => check);
    const usual = await order(say());
    expect(
      await order(say({ device: "cellar-2", modules: [], counter: 1 }), { nonce: NONCE, before: await memoryOf() }),
    ).toEqual(usual);
  });
});

describe("nothing genuine", () => {
  it("is a board that said nothing", () => {
    expect(judged(undefined)).toEqual(["unattested", "APPRAISE_NOTHING"]);
    expect(judged(new Uint8Array())).toEqual(["unattested", "APPRAISE_NOTHING"]);
  });

  it("is what cannot be read, is too long or is of another payload type", async () => {
    expect(judged(utf8("{"))).toEqual(["unattested", "APPRAISE_ENVELOPE"]);
    expect(judged(new Uint8Array(300_000).fill(0x20))).toEqual(["unattested", "APPRAISE_ENVELOPE"]);
    expect(judged(utf8("[".repeat(100_000)))).toEqual(["unattested", "APPRAISE_ENVELOPE"]);
    expect(judged(await sign(statementIn(await say()), "application/json"))).toEqual([
      "unattested",
      "APPRAISE_ENVELOPE",
    ]);
    const envelope = parts(await say());
    expect(judged(utf8(JSON.stringify({ ...envelope, payload: `${envelope.payload}\n` })))).toEqual([
      "unattested",
      "APPRAISE_ENVELOPE",
    ]);
  });

  it("is a version manifest of the same board under the same key", async () => {
    const manifest = { device: facts().device, counter: 1, commit: 1, nonce: NONCE, timeFloor: 0, installed: [] };
    expect(judged(await signVersionManifest(manifest, KEY))).toEqual(["unattested", "APPRAISE_ENVELOPE"]);
  });

  it("is what another board's key signed, and a payload that was put under this board's signature", async () => {
    expect(judged(await say({}, { device: OTHER_KEY }))).toEqual(["unattested", "APPRAISE_SIGNATURE"]);
    const spliced = { ...parts(await say()), payload: parts(await say({ modules: [] })).payload };
    expect(judged(utf8(JSON.stringify(spliced)))).toEqual(["unattested", "APPRAISE_SIGNATURE"]);
  });

  it("is a statement of another predicate type, form or encoding under the board's key", async () => {
    const statement = statementIn(await say());
    const vsa = { ...statement, predicateType: "https://slsa.dev/verification_summary/v1" };
    expect(judged(await sign(vsa))).toEqual(["unattested", "APPRAISE_PREDICATE_TYPE"]);
    expect(judged(await sign({ ...statement, more: 1 }))).toEqual(["unattested", "APPRAISE_STATEMENT"]);
    const { boot: _, ...predicate } = statement.predicate;
    expect(judged(await sign({ ...statement, predicate }))).toEqual(["unattested", "APPRAISE_STATEMENT"]);
    const spaced = JSON.stringify(statement, null, 1);
    expect(judged(await sign(statement, STATEMENT_PAYLOAD_TYPE, spaced))).toEqual(["unattested", "APPRAISE_STATEMENT"]);
    const twice = canonicalJson(statement).replace('"counter":12', '"counter":1,"counter":12');
    expect(judged(await sign(statement, STATEMENT_PAYLOAD_TYPE, twice))).toEqual(["unattested", "APPRAISE_STATEMENT"]);
  });

  it("is a statement whose subjects are of another one: modules of another board, or one of its own left out", async () => {
    const statement = statementIn(await say());
    const foreign = statementIn(await say({ modules: [other({ digest: digestOf("other code") })] }));
    expect(judged(await sign({ ...statement, subject: foreign.subject }))).toEqual(["unattested", "APPRAISE_SUBJECTS"]);
    expect(judged(await sign({ ...statement, subject: statement.subject.slice(0, 1) }))).toEqual([
      "unattested",
      "APPRAISE_SUBJECTS",
    ]);
  });

  it("leaves what was remembered as it was", async () => {
    const before = await memoryOf();
    const { remembered } = appraise({ envelope: utf8("{}"), reference: reference(), before, nowMs: NOW });
    expect(remembered).toBe(before);
  });
});

describe("a genuine statement", () => {
  const refusals: readonly (readonly [string, object, object, string])[] = [
    ["of another device under a shared key", { device: "cellar-2" }, {}, "APPRAISE_DEVICE"],
    ["of another tenant under a shared key", { tenant: "work" }, {}, "APPRAISE_DEVICE"],
    [
      "of an agent nobody released",
      { agent: { version: "0.1.0", digest: digestOf("changed") } },
      WHOLE,
      "APPRAISE_AGENT",
    ],
    ["of another tier", { engine: { tier: "v8" } }, WHOLE, "APPRAISE_ENGINE"],
    ["with other code", { modules: [other({ digest: digestOf("evil") })] }, WHOLE, "APPRAISE_MODULES"],
    [
      "with other code that crashes",
      { modules: [other({ digest: digestOf("evil"), state: "crashed" })] },
      WHOLE,
      "APPRAISE_MODULES",
    ],
    ["with a module more", { modules: [CLIMATE, other({ name: "miner" })] }, WHOLE, "APPRAISE_MODULES"],
    ["with a module of another team's name", { modules: [other({ team: "evil" })] }, WHOLE, "APPRAISE_MODULES"],
    ["with a module less", { modules: [] }, WHOLE, "APPRAISE_MODULES"],
    ["with a module that crashes", { modules: [other({ state: "crashed" })] }, WHOLE, "APPRAISE_MODULES"],
    ["with a module twice", { modules: [CLIMATE, CLIMATE] }, WHOLE, "APPRAISE_MODULES"],
    [
      "with other grants",
      { modules: [other({ grantsDigest: digestOf("more") })] },
      { modules: [{ ...MODULES[0], grantsDigest: CLIMATE.grantsDigest }] },
      "APPRAISE_MODULES",
    ],
    ["under an older policy", { policy: { version: 2, digest: digestOf("policy") } }, WHOLE, "APPRAISE_POLICY"],
    [
      "under another policy of that version",
      { policy: { version: 3, digest: digestOf("evil") } },
      WHOLE,
      "APPRAISE_POLICY",
    ],
    ["without a policy", { policy: undefined }, WHOLE, "APPRAISE_POLICY"],
    ["without metadata", { metadata: undefined }, WHOLE, "APPRAISE_METADATA"],
    ["behind the expected metadata", {}, { metadataMin: { image: { targets: 6 } } }, "APPRAISE_METADATA"],
    ["without the quote of its TPM", {}, { tpm: { key: ecPem() } }, "APPRAISE_QUOTE"],
  ];
  it.each(refusals)("%s is a mismatch", async (_title, said, expected, code) => {
    expect(judged(await say(said), { reference: reference(expected) })).toEqual(["mismatch", code]);
  });

  it("may lack a module that is optional, hold one that stopped, and run either of two releases", async () => {
    const modules = [
      { ...MODULES[0], digests: [digestOf("climate 2.0.0"), CLIMATE.digest] },
      { ...MODULES[0], name: "extra", optional: true },
    ];
    const said = [CLIMATE, other({ name: "old", state: "stopped" })];
    expect(judged(await say({ modules: said }), { reference: reference({ modules }) })).toEqual(["verified"]);
  });

  it("is stale when the board's clock says it is old, and when it says it is of the future", async () => {
    expect(judged(await say({ timeMs: NOW - 3_601_000 }))).toEqual(["stale", "APPRAISE_STALE"]);
    expect(judged(await say({ timeMs: NOW + 301_000 }))).toEqual(["stale", "APPRAISE_STALE"]);
    expect(judged(await say({ timeMs: NOW + 299_000 }))).toEqual(["verified"]);
  });

  it("is not stale by a clock that stands at zero when a signed time of today is known", async () => {
    expect(judged(await say({ timeMs: 0, timeFloorMs: NOW - 60_000 }))).toEqual(["verified"]);
  });

  it("that is stale and wrong is a mismatch: the graver word counts", async () => {
    const codes = judged(await say({ timeMs: 0, timeFloorMs: 0, modules: [] }), { reference: reference(WHOLE) });
    expect(codes).toEqual(["mismatch", "APPRAISE_STALE", "APPRAISE_MODULES"]);
  });
});

describe("an answer", () => {
  it("carries the nonce that was asked for, and is then fresh whatever the board's clock says", async () => {
    expect(judged(await say({ nonce: NONCE, timeMs: 0, timeFloorMs: 0 }), { nonce: NONCE })).toEqual(["verified"]);
  });

  it("with another nonce or none is refused, however young it is", async () => {
    const wrong = NONCE.replace("00", "01");
    expect(judged(await say({ nonce: wrong }), { nonce: NONCE })).toEqual(["mismatch", "APPRAISE_NONCE"]);
    expect(judged(await say(), { nonce: NONCE })).toEqual(["mismatch", "APPRAISE_NONCE"]);
  });

  it("with another nonce is not remembered: a replay must not move the counter", async () => {
    const before = await memoryOf();
    const replay = await say({ nonce: NONCE, counter: 99 });
    const asked = { nonce: NONCE.replace("00", "01"), before, nowMs: NOW };
    expect(appraise({ envelope: replay, reference: reference(), ...asked }).remembered).toBe(before);
  });
});

describe("the reference values", () => {
  it("of docs/runtime-attestation.md are what the program reads", () => {
    const page = readFileSync(new URL("../../../docs/runtime-attestation.md", import.meta.url), "utf8");
    const [, example = ""] = /^```json\n([\s\S]*?)^```/m.exec(page) ?? [];
    const parsed = parseReference(utf8(example));
    expect(parsed.ok ? Object.keys(parsed.value).length : parsed.error.line()).toBe(11);
  });

  it("are refused when a key in them is none", () => {
    expect(() => reference({ keys: ["-----BEGIN"] })).toThrow("not a usable key");
    expect(() => reference({ tpm: { key: KEY.publicPem } })).toThrow("is a ed25519 key");
  });

  it("drawn from a statement are satisfied by it and by nothing else that runs", async () => {
    const modules = [CLIMATE, other({ name: "old", state: "stopped" })];
    const { statement } = appraise({
      envelope: await say({ modules }),
      reference: reference(),
      before: undefined,
      nowMs: NOW,
    });
    if (statement === undefined) throw new Error("it is genuine");
    const drawn = reference(JSON.parse(JSON.stringify(referenceLike(reference(), statement))));
    expect(judged(await say({ modules }), { reference: drawn })).toEqual(["verified"]);
    expect(judged(await say({ modules: [] }), { reference: drawn })).toEqual(["mismatch", "APPRAISE_MODULES"]);
    const evil = { agent: { version: "0.1.0", digest: digestOf("evil") } };
    expect(judged(await say(evil), { reference: drawn })).toEqual(["mismatch", "APPRAISE_AGENT"]);
  });

  it("may name several keys of one board", async () => {
    const both = reference({ keys: [OTHER_KEY.publicPem, KEY.publicPem] });
    expect(judged(await say(), { reference: both })).toEqual(["verified"]);
  });
});

function ecPem(): string {
  const der =
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==";
  return `-----BEGIN PUBLIC KEY-----\n${base64(Buffer.from(der, "base64"))}\n-----END PUBLIC KEY-----\n`;
}
