/** Another kind of document: one object has a name twice, so that one reader sees this attestation and another sees that. */
import { describe, it } from "vitest";
import { parseTrustedRoot } from "../../../attest/index.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { newSigner, provenanceBy } from "../../unit/attest/own-keys.ts";
import { type Json, statement } from "../../unit/attest/release.ts";
import { sees } from "../updater/sees.ts";
import { accepts, door, keylessPolicy, keyPolicy, refuses } from "./door.ts";

const at = door();
const key = newSigner();
const other = Buffer.from(statement({ builderId: "https://evil.example" })).toString("base64");
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const TWICE = (name: string) => new RegExp(`an object has "${name}" twice`);

/** The name once more before the first of its kind, with another value. */
const doubled = (text: string, name: string, value: Json, spelled = name) =>
  utf8(text.replace(`"${name}":`, () => `"${spelled}":${JSON.stringify(value)},"${name}":`));

describe("a name twice in one object", () => {
  it.each<[string, Json, string?]>([
    ["payload", other],
    ["payload", other, "p\\u0061yload"],
    ["payloadType", "application/json"],
    ["signatures", []],
    ["sig", "AAAA"],
    ["keyid", "0"],
  ])("makes a plain envelope unreadable: %s", async (name, value, spelled) => {
    const text = textOf(await provenanceBy(key));
    const policy = keyPolicy([key]);
    accepts(at.ask(utf8(text), { policy }));
    refuses(at.ask(doubled(text, name, value, spelled), { policy }), "ATTEST_BUNDLE_INVALID", "refusal", TWICE(name));
  });

  it.each<[string, Json]>([
    ["mediaType", "application/vnd.dev.sigstore.bundle+json;version=0.1"],
    ["verificationMaterial", {}],
    ["certificate", { rawBytes: "AAAA" }],
    ["tlogEntries", []],
    ["integratedTime", "0"],
    ["canonicalizedBody", "AAAA"],
    ["dsseEnvelope", {}],
    ["payload", other],
  ])("makes a bundle unreadable: %s", (name, value) => {
    const text = textOf(at.honest);
    accepts(at.ask(utf8(text), { policy: keylessPolicy() }));
    const twice = at.ask(doubled(text, name, value), { policy: keylessPolicy() });
    refuses(twice, "ATTEST_BUNDLE_INVALID", "refusal", TWICE(name));
  });

  it.each<[string, Json]>([
    ["tlogs", []],
    ["certificateAuthorities", []],
    ["rawBytes", "AAAA"],
    ["start", "1970-01-01T00:00:00Z"],
  ])("makes a trusted root unreadable: %s", (name, value) => {
    const twice = doubled(textOf(at.sigstore.trustedRoot), name, value);
    sees(parseTrustedRoot(twice), "ATTEST_TRUSTED_ROOT_INVALID", "refusal", TWICE(name));
  });
});
