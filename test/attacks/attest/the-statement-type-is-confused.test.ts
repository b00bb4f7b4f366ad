/** Another kind of document: the payload is signed as an in-toto statement and is another document. */
import { describe, it } from "vitest";
import { STATEMENT_TYPE } from "../../../attest/index.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { envelope, newSigner } from "../../unit/attest/own-keys.ts";
import { type Json, statement } from "../../unit/attest/release.ts";
import { accepts, door, keyPolicy, refuses } from "./door.ts";

const at = door();
const key = newSigner();
const policy = keyPolicy([key]);
const honest: Json = JSON.parse(Buffer.from(statement()).toString());
const presenting = async (payload: Json) => at.ask(await envelope(utf8(JSON.stringify(payload)), key), { policy });

describe("a payload that is no statement", () => {
  it.each([
    "https://in-toto.io/Statement/v2",
    "https://in-toto.io/statement/v1",
    "https://in-toto.io/Statement/v1/",
    "https://evil.example/Statement/v1",
    "https://in-toto.io/Link/v1",
    "link",
    "layout",
    "targets",
  ])("is refused by the type that it gives itself: %s", async (type) => {
    accepts(await presenting(honest));
    const said = `the signed payload says it is ${type}, expected ${STATEMENT_TYPE}`;
    refuses(await presenting({ ...honest, _type: type }), "ATTEST_STATEMENT_TYPE", "refusal", said);
  });

  it("is refused when it gives itself none, or two", async () => {
    const { _type, ...rest } = honest;
    const unread = /^the signed statement cannot be read: /;
    refuses(await presenting(rest), "ATTEST_STATEMENT_INVALID", "refusal", unread);
    refuses(await presenting({ ...rest, _type: [_type] }), "ATTEST_STATEMENT_INVALID", "refusal", unread);
    refuses(await presenting([honest]), "ATTEST_STATEMENT_INVALID", "refusal", unread);
    refuses(await presenting(JSON.stringify(honest)), "ATTEST_STATEMENT_INVALID", "refusal", unread);
    const twice = JSON.stringify(honest).replace("{", `{"_type":"layout",`);
    const evidence = await envelope(utf8(twice), key);
    const said = /an object has "_type" twice/;
    refuses(at.ask(evidence, { policy }), "ATTEST_STATEMENT_INVALID", "refusal", said);
  });
});
