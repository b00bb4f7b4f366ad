/** Made to hurt: fields called `__proto__` or `constructor`, which a careless reader takes for its own. */
import { afterEach, describe, expect, it } from "vitest";
import { parsePolicy } from "../../../attest/index.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { envelope, newSigner } from "../../unit/attest/own-keys.ts";
import { ARTIFACTS, BUILDER, type Json, policy, statement } from "../../unit/attest/release.ts";
import { sees } from "../updater/sees.ts";
import { accepts, door, keylessPolicy, keyPolicy, PROVENANCE, parsed, refuses, requiring } from "./door.ts";

const at = door();
const key = newSigner();
const keys = [key.publicPem];
const asked = keyPolicy([key]);
const [code] = ARTIFACTS;
const honest = Buffer.from(statement()).toString();
const NAMES = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf"];

async function presenting(text: string, under = asked) {
  return at.ask(await envelope(utf8(text), key), { policy: under });
}

/** Nothing of the language itself was changed on the way. */
afterEach(() => {
  expect(Reflect.ownKeys(Object.prototype).filter((name) => !NATIVE.includes(name))).toEqual([]);
  expect(({} as Json).builder).toBeUndefined();
});
const NATIVE = Reflect.ownKeys(Object.prototype);

describe("a field with a name of the language", () => {
  it.each(NAMES)("gives a statement, a predicate and a digest nothing that they do not say: %s", async (name) => {
    accepts(await presenting(honest));
    const { subject, predicate, ...rest }: Json = JSON.parse(honest);
    // What is missing does not come from there.
    const inherited = JSON.stringify({ ...rest, subject, predicate: "X" }).replace(
      '"X"',
      () => `{"${name}":${JSON.stringify(predicate)}}`,
    );
    refuses(await presenting(inherited), "ATTEST_PROVENANCE_INVALID", "refusal", /cannot be read/);
    const statementless = `{"${name}":${honest}}`;
    refuses(await presenting(statementless), "ATTEST_STATEMENT_INVALID", "refusal", /_type/);
    const digests = honest.replace(`{"sha256":"${code.sha256}"}`, () => `{"${name}":"${code.sha256}"}`);
    refuses(await presenting(digests), "ATTEST_SUBJECT_MISMATCH", "attack", /module\.wasm/);
    const nested = honest.replace(`{"sha256":"${code.sha256}"}`, () => `{"${name}":{"sha256":"${code.sha256}"}}`);
    refuses(await presenting(nested), "ATTEST_STATEMENT_INVALID", "refusal", /must be a string/);
    // Beside what is there it takes nothing away.
    const beside = honest.replaceAll("{", () => `{"${name}":"x",`).replaceAll(/"x",\}/g, '"x"}');
    const verdict = await presenting(beside);
    expect(verdict.provenance?.builderId).toBe(BUILDER);
  });

  it.each(NAMES)("is found by a rule on fields only where the statement has it: %s", async (name) => {
    const rule = (one: object) => requiring([{ ...PROVENANCE, keys, fields: [{ at: `/predicate/${name}`, ...one }] }]);
    accepts(await presenting(honest, rule({ present: false })));
    refuses(
      await presenting(honest, rule({ present: true })),
      "ATTEST_FIELD",
      "refusal",
      /must be there, found nothing/,
    );
    const having = honest.replace('"predicate":{', () => `"predicate":{"${name}":"yes",`);
    accepts(await presenting(having, rule({ equals: "yes" })));
    refuses(await presenting(having, rule({ present: false })), "ATTEST_FIELD", "refusal", /must be absent/);
    const below = requiring([{ ...PROVENANCE, keys, fields: [{ at: `/predicate/${name}/name`, equals: "Object" }] }]);
    refuses(await presenting(honest, below), "ATTEST_FIELD", "refusal", /found nothing/);
  });

  it.each(NAMES)("is no field of a policy: %s", (name) => {
    const text = JSON.stringify(keylessPolicy());
    for (const from of ["{", '"devices":{', '"require":[{', '"identities":[{']) {
      const changed = text.replace(from, () => `${from}"${name}":{"all":true},`);
      sees(parsePolicy(utf8(changed)), "SHAPE_MISMATCH", "refusal", new RegExp(name));
    }
    const facts = { issuer: "https://i", subject: "https://s" };
    const identity = JSON.stringify({ ...facts, certificate: { x: "y" } }).replace('"x"', `"${name}"`);
    const document = { ...policy(), revoked: [{ identity: JSON.parse(identity), reason: "x", running: "stop" }] };
    sees(parsed(document), "SHAPE_MISMATCH", "refusal", /certificate/);
  });
});
