/** Another kind of document: a statement about the right bytes, by the right signer, that says something else of them. */
import { describe, it } from "vitest";
import { about, envelope, lines, newSigner } from "../../unit/attest/own-keys.ts";
import { type Json, statement } from "../../unit/attest/release.ts";
import { accepts, door, keyPolicy, literally, refuses } from "./door.ts";

const at = door();
const key = newSigner();
const policy = keyPolicy([key]);
const honest: Json = JSON.parse(Buffer.from(statement()).toString());
const typed = (predicateType: string) => envelope(about(predicateType, honest.predicate), key);

describe("a statement with another predicate", () => {
  it.each([
    "https://slsa.dev/verification_summary/v1",
    "https://spdx.dev/Document",
    "https://slsa.dev/provenance/v2",
    "https://slsa.dev/provenance/v1/",
    "https://slsa.dev/provenance/v1#",
    "http://slsa.dev/provenance/v1",
    "https://slsa.dev/Provenance/v1",
    "https://slsa.dev.evil.example/provenance/v1",
  ])("is no provenance, whatever its fields are: %s", async (type) => {
    accepts(at.ask(await typed(honest.predicateType), { policy }));
    const said = new RegExp(`^the statement carries ${literally(type)}, expected https://slsa\\.dev/provenance/v1`);
    refuses(at.ask(await typed(type), { policy }), "ATTEST_PREDICATE_TYPE", "refusal", said);
    // Beside the honest one it takes nothing away.
    accepts(at.ask(lines(await typed(type), await typed(honest.predicateType)), { policy }));
  });

  it("is no provenance of another version: what it says is read as its type says", async () => {
    const v02 = await envelope(about("https://slsa.dev/provenance/v1", { builder: { id: "https://x" } }), key);
    refuses(at.ask(v02, { policy }), "ATTEST_PROVENANCE_INVALID", "refusal", /^the provenance cannot be read: /);
  });
});
