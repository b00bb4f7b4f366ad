/** Names in certificates: exactly one reading, or none at all. The bytes here are what a hostile certificate could hold. */
import { describe, expect, it } from "vitest";
import { isNamed, readIdentity } from "../../../attest/identity.ts";

const ISSUER = "https://issuer.example";
const SUBJECT = "https://ci.example/acme";
const der = (tag: number, content: Uint8Array) => Buffer.concat([Buffer.from([tag, content.length]), content]);
const text = (value: string) => Buffer.from(value, "latin1");
const extension = (oid: string, value: Buffer) => ({ oid: { id: oid.split(".").map(Number) }, value });
const v1 = (value: string) => extension("1.3.6.1.4.1.57264.1.1", text(value));
const v2 = (value: string, tag = 0x0c) => extension("1.3.6.1.4.1.57264.1.8", der(tag, text(value)));
const names = (...all: readonly Buffer[]) => extension("2.5.29.17", der(0x30, Buffer.concat(all)));
const uri = (value: string) => der(0x86, text(value));
const mail = (value: string) => der(0x81, text(value));

describe("the identity in a certificate", () => {
  it("is its issuer and its one name, a URI or an e-mail address", () => {
    const expected = { issuer: ISSUER, subject: SUBJECT };
    expect(readIdentity([v1(ISSUER), v2(ISSUER), names(uri(SUBJECT))])).toEqual(expected);
    expect(readIdentity([v2(ISSUER), names(uri(SUBJECT))])).toEqual(expected);
    expect(readIdentity([v1(ISSUER), names(mail("dev@acme.example"))])?.subject).toBe("dev@acme.example");
  });

  it("is read from names longer than 127 bytes too", () => {
    const long = `${SUBJECT}/${"x".repeat(300)}`;
    const length = (size: number) => Buffer.from([0x82, size >> 8, size & 0xff]);
    const name = Buffer.concat([Buffer.from([0x86]), length(long.length), text(long)]);
    const value = Buffer.concat([Buffer.from([0x30]), length(name.length), name]);
    expect(readIdentity([v2(ISSUER), extension("2.5.29.17", value)])?.subject).toBe(long);
  });

  it.each<[string, Parameters<typeof readIdentity>[0]]>([
    ["no issuer", [names(uri(SUBJECT))]],
    ["no name", [v2(ISSUER)]],
    ["two names", [v2(ISSUER), names(uri(SUBJECT), uri("https://evil.example"))]],
    ["a URI and an e-mail", [v2(ISSUER), names(mail("a@b.example"), uri(SUBJECT))]],
    ["two name extensions", [v2(ISSUER), names(uri(SUBJECT)), names(uri("https://evil.example"))]],
    ["two issuers that differ", [v1(ISSUER), v2("https://evil.example"), names(uri(SUBJECT))]],
    ["the same issuer extension twice", [v2(ISSUER), v2(ISSUER), names(uri(SUBJECT))]],
    ["an issuer that is no UTF-8", [v2("https://issuer.exampl\xe5"), names(uri(SUBJECT))]],
    ["an issuer of another type", [v2(ISSUER, 0x16), names(uri(SUBJECT))]],
    ["an empty issuer", [v2(""), names(uri(SUBJECT))]],
    ["an empty name", [v2(ISSUER), names(uri(""))]],
    ["a name with an eighth bit", [v2(ISSUER), names(uri("https://ci.example/acm\xe5"))]],
    ["a name with a zero byte", [v2(ISSUER), names(uri(`${SUBJECT}\0.evil.example`))]],
    ["a name with a line break", [v2(ISSUER), names(uri(`${SUBJECT}\n`))]],
    ["an e-mail address that reads as a URI", [v2(ISSUER), names(mail(`${SUBJECT}@refs/heads/main`))]],
    ["a host name", [v2(ISSUER), names(der(0x82, text("ci.example")))]],
    [
      "bytes after the name",
      [v2(ISSUER), extension("2.5.29.17", Buffer.concat([names(uri(SUBJECT)).value, text("x")]))],
    ],
    ["a length that lies", [v2(ISSUER), extension("2.5.29.17", Buffer.from([0x30, 0x7f, 0x86, 0x01, 0x61]))]],
    ["a length without end", [v2(ISSUER), extension("2.5.29.17", Buffer.from([0x30, 0x80, 0x86, 0x01, 0x61, 0, 0]))]],
    ["no bytes", [v2(ISSUER), extension("2.5.29.17", Buffer.alloc(0))]],
  ])("is none with %s", (_, extensions) => {
    expect(readIdentity(extensions)).toBeUndefined();
  });
});

describe("a named identity", () => {
  it("has this issuer and this subject together, not one from each of two entries", () => {
    const other = { issuer: "https://other.example", subject: "https://ci.example/other" };
    const listed = [{ issuer: ISSUER, subject: SUBJECT }, other];
    expect(isNamed({ issuer: ISSUER, subject: SUBJECT }, listed)).toBe(true);
    expect(isNamed({ issuer: ISSUER, subject: other.subject }, listed)).toBe(false);
    expect(isNamed({ issuer: other.issuer, subject: SUBJECT }, listed)).toBe(false);
    expect(isNamed({ issuer: ISSUER, subject: SUBJECT }, [])).toBe(false);
  });
});
