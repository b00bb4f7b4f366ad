/** Made to hurt: JSON within JSON until a reader's stack, or its patience, is used up. */
import { describe, expect, it } from "vitest";
import { appraise, parsePolicy, parseTrustedRoot } from "../../../attest/index.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { NOW, reference } from "../../unit/attest/appraise-board.ts";
import { about, envelope, lines, newSigner, provenanceBy } from "../../unit/attest/own-keys.ts";
import { altered, type Json, statement } from "../../unit/attest/release.ts";
import { sees } from "../updater/sees.ts";
import { accepts, cpuMs, door, keylessPolicy, keyPolicy, refuses } from "./door.ts";

const at = door();
const key = newSigner();
const policy = keyPolicy([key]);
const CPU_MS = 1000;
const TYPE = "https://slsa.dev/provenance/v1";
const nested = (depth: number, open = "[", close = "]") => `${open.repeat(depth)}${close.repeat(depth)}`;
const objects = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
const DEEP = /it nests deeper than 64/;

function timed<T>(body: () => T): T {
  let value: T | undefined;
  expect(
    cpuMs(() => {
      value = body();
    }),
  ).toBeLessThan(CPU_MS);
  return value as T;
}

describe("JSON that nests without end", () => {
  it.each<[string, string]>([
    ["arrays", nested(300_000)],
    ["arrays that never end", nested(500_000, "[", "")],
    ["objects", objects(150_000)],
    ["objects that never end", '{"a":'.repeat(200_000)],
  ])("is refused as an evidence file and as a line of one: %s", async (_, text) => {
    const said = /^the attestation bundle cannot be used: /;
    const good = await provenanceBy(key);
    accepts(timed(() => at.ask(lines(good, utf8(text)), { policy })));
    const verdict = timed(() => at.ask(utf8(text), { policy }));
    refuses(verdict, "ATTEST_BUNDLE_INVALID", "refusal", said);
    const inside = JSON.stringify({ payload: "", payloadType: "", signatures: [] }).replace("[]", () => text);
    refuses(
      timed(() => at.ask(utf8(inside), { policy })),
      "ATTEST_BUNDLE_INVALID",
      "refusal",
      said,
    );
  });

  it("is refused in the signed statement, in what counts and in what nobody looks at", async () => {
    const honest = Buffer.from(statement()).toString();
    let evidence = await envelope(utf8(honest), key);
    accepts(timed(() => at.ask(evidence, { policy })));
    for (const text of [
      honest.replace('"predicate":{', () => `"predicate":{"x":${nested(100_000)},`),
      honest.replace("{", () => `{"x":${objects(64)},`),
      honest.replace('"subject":[', () => `"subject":[${nested(1000)},`),
      nested(300_000),
    ]) {
      evidence = await envelope(utf8(text), key);
      const verdict = timed(() => at.ask(evidence, { policy }));
      refuses(verdict, "ATTEST_STATEMENT_INVALID", "refusal", DEEP);
    }
    // As deep as real provenance may be.
    const within = honest.replace('"predicate":{', () => `"predicate":{"x":${nested(62)},`);
    accepts(at.ask(await envelope(utf8(within), key), { policy }));
    const v = about(TYPE, JSON.parse(nested(62)));
    refuses(at.ask(await envelope(v, key), { policy }), "ATTEST_PROVENANCE_INVALID", "refusal", /cannot be read/);
  });

  it("is refused in a policy, a trusted root and a board's own attestation", () => {
    const document = JSON.stringify(keylessPolicy());
    const deep = document.replace("{", () => `{"x":${nested(100_000)},`);
    sees(
      timed(() => parsePolicy(utf8(deep))),
      "SHAPE_NOT_JSON",
      "refusal",
      DEEP,
    );
    const root = altered(at.sigstore.trustedRoot, (json: Json) => Object.assign(json, { x: 0 }));
    const rooted = Buffer.from(root)
      .toString()
      .replace('"x":0', () => `"x":${nested(100_000)}`);
    sees(
      timed(() => parseTrustedRoot(utf8(rooted))),
      "ATTEST_TRUSTED_ROOT_INVALID",
      "refusal",
      DEEP,
    );
    const envelope = utf8(nested(130_000));
    const said = timed(() => appraise({ envelope, reference: reference(), before: undefined, nowMs: NOW }));
    expect(said).toMatchObject({ status: "unattested", reasons: [{ code: "APPRAISE_ENVELOPE" }] });
  });
});
