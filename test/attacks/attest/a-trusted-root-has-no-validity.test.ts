/** False witnesses: in the trusted root a key or an authority has no dates, or loose ones, so that it would count for ever. */
import { describe, it } from "vitest";
import { parseTrustedRoot } from "../../../attest/index.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { altered, type Json } from "../../unit/attest/release.ts";
import { sees } from "../updater/sees.ts";
import { accepts, door } from "./door.ts";

const at = door();
const changed = (change: (json: Json) => void) => parseTrustedRoot(altered(at.sigstore.trustedRoot, change));
const refused = (change: (json: Json) => void, text: RegExp) =>
  sees(changed(change), "ATTEST_TRUSTED_ROOT_INVALID", "refusal", text);
const HOLDERS: readonly [string, (json: Json) => Json][] = [
  ["a log", (json) => json.tlogs[0].publicKey],
  ["a certificate log", (json) => json.ctlogs[0].publicKey],
  ["a certificate authority", (json) => json.certificateAuthorities[0]],
  ["a timestamp authority", (json) => json.timestampAuthorities[0]],
];

describe("a trusted root", () => {
  it.each(HOLDERS)("is refused where %s has no dates, no beginning, or none that is a date", (_, holder) => {
    accepts(at.ask(at.honest, { trust: unwrap(changed(() => undefined)) }));
    refused((json) => delete holder(json).validFor, /validFor/);
    refused((json) => Object.assign(holder(json), { validFor: {} }), /validFor\.start/);
    refused((json) => Object.assign(holder(json), { validFor: null }), /validFor/);
    for (const start of [null, "", 0, "0", "2026", "2026-01-01", "yesterday", "2026-01-01T00:00:00+02:00"]) {
      refused((json) => Object.assign(holder(json), { validFor: { start } }), /validFor\.start/);
    }
    const backwards = { start: "2026-01-02T00:00:00Z", end: "2026-01-01T00:00:00Z" };
    refused((json) => Object.assign(holder(json), { validFor: backwards }), /a range whose start is not after its end/);
  });

  it("is refused where a beginning is hidden behind another, or where it names nobody", () => {
    const text = Buffer.from(at.sigstore.trustedRoot).toString();
    const twice = utf8(text.replace('"validFor":{', '"validFor":{"start":"1970-01-01T00:00:00Z",'));
    sees(parseTrustedRoot(twice), "ATTEST_TRUSTED_ROOT_INVALID", "refusal", /an object has "start" twice/);
    for (const list of ["tlogs", "ctlogs", "certificateAuthorities"]) {
      refused((json) => Object.assign(json, { [list]: [] }), /at least 1/);
    }
    refused((json) => Object.assign(json, { trustEveryone: true }), /trustEveryone/);
  });
});
