/** A weaker policy: a field stands twice, so that who reviewed the policy has read another one than the board does. */
import { describe, it } from "vitest";
import { parsePolicy } from "../../../attest/index.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { sees } from "../updater/sees.ts";
import { accepts, door, keylessPolicy } from "./door.ts";

const at = door();
const honest = JSON.stringify(keylessPolicy({ revoked: [] }));
const saying = (text: string) => parsePolicy(utf8(text));

describe("a policy with a name twice in one object", () => {
  it.each([
    ["the rules", '{"schema"', '{"evidence":[],"schema"', "evidence"],
    ["the version", '{"schema"', '{"version":9,"schema"', "version"],
    ["who is revoked", '{"schema"', '{"revoked":[],"schema"', "revoked"],
    ["a signer", '{"issuer"', '{"subject":"https://evil.example/x","issuer"', "subject"],
    ["a signer, in another spelling", '{"issuer"', '{"subj\\u0065ct":"https://evil.example/x","issuer"', "subject"],
    ["the prototype", '{"schema"', '{"__proto__":{},"__proto__":{},"schema"', "__proto__"],
  ])("is refused whole: %s", (_, from, to, name) => {
    accepts(at.ask(at.honest, { policy: unwrap(saying(honest)) }));
    const text = honest.replace(from, () => to);
    sees(saying(text), "SHAPE_NOT_JSON", "refusal", new RegExp(`an object has "${name}" twice`));
  });

  it("is no JSON either with a mark before it, with text after it, or in other bytes than UTF-8", () => {
    for (const text of [`\ufeff${honest}`, `${honest}{}`, `${honest}\0`, `/* */${honest}`]) {
      sees(saying(text), "SHAPE_NOT_JSON", "refusal", /^the policy: not valid JSON in UTF-8: /);
    }
    const latin = new Uint8Array(Buffer.from(honest.replace("acme", "acm\u00e9"), "latin1"));
    sees(parsePolicy(latin), "SHAPE_NOT_JSON", "refusal", /it is not UTF-8$/);
    const utf16 = new Uint8Array(Buffer.from(honest, "utf16le"));
    sees(parsePolicy(utf16), "SHAPE_NOT_JSON", "refusal", /^the policy: not valid JSON in UTF-8: /);
  });
});
