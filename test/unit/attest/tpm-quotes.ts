/**
 * Quotes over the statement of `facts()`: two that swtpm 0.7.1 made through tpm2-tools 5.4, kept so that what reads them
 * is held to a TPM's own bytes where there is none; and a maker of others, sound and unsound, for the checks beyond.
 */
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { type Quoter, quoteClaim } from "../../../attest/index.ts";
import type { Sha256 } from "../../../runtime/kernel/brand.ts";
import { concatBytes } from "../../../runtime/kernel/bytes.ts";
import { sha256 } from "../../../runtime/kernel/digest.ts";

const ZERO = "00".repeat(32);
const MEASURED = "daf6d3e6ad66990aba2fae6e6c61f18b2d48f0ca6c29d2cfa19ab41f5a865231";
const pem = (...lines: readonly string[]) =>
  `-----BEGIN PUBLIC KEY-----\n${lines.join("\n")}\n-----END PUBLIC KEY-----\n`;

export const EC = {
  pem: pem(
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEU8zBcgNqW950pKsik51e5Nr1CWv7",
    "gwm/+/r/jF4OQszrFUk0YivHfz4BZJ6f6lG4HH6kRiutTEFBRLM+gg1DWg==",
  ),
  claim: {
    key: "beb1fc185632614aabc3a5eebd78b21aa20d8d5938ac0034166aa3c7feb81fa0",
    pcrs: { "0": ZERO, "1": ZERO, "7": MEASURED },
    attested:
      "/1RDR4AYACIAC7d0Ce1BsjSM477T165biAjqvS7E3o9cLhn/zZQLv6MMACD6c8w6AXgqjW40Rtt/TJXWPJFo0Os5+P7Mkt85aHgbRAAAAAAAAAC8xKqk7Phi1xgBZnq+yLVuE5YAAAABAAsDgwAAACBe4Bl/TS5lXcmlqhTizNy5tlWbXwwl+Ne+0XSJp4Drdg==",
    signature: "MEUCIAFg67RP2r7fCvXHUvuhpDulJCrQQsJyu9rMqu92F+UxAiEAgiKwUZh6rahmJIr/UxWXQjKZl0uP4CRJBRbzDroyCbM=",
  },
};

export const RSA = {
  pem: pem(
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAjt5frdUCsg/T1J0ZrJa8",
    "FwYRwe68Tz6l/R7Zv2u96YjoV6JJHxQF3+34EQG8yrUZNezNoXEm6l2gTHXz4WGe",
    "3ScWk5LQC4ga8OEyhQgmmjZ2xtBGZyQgEpxMa+ku8NhfPL8DDdLJTJq4JkHTN/0D",
    "/L6LFkbrzT72ZXY7pOpXvAvT1lakrCkRkQ2HqH7rD97bS3lQ0a98vNmXWRkRNnoq",
    "YB3C/x3FIAwaLKeJ6lcItaUi+sVt0Wq8+W2B9w7KS9v6eThcfn5EK3gjzw4vP5iP",
    "65Ln3j2NS6PrNmE9wLv5ne3iHT+iOabNNC8D9k3Gd4tr56/t9H/DCZ2C1Z1PKf7v",
    "NQIDAQAB",
  ),
  claim: {
    key: "f9b4ea5c5dcf8cc6d0b53b46330e5fdf2785858322cfb72fbca525f6ae12210f",
    pcrs: { "7": MEASURED, "23": ZERO },
    attested:
      "/1RDR4AYACIACy0MT6uykkzthqT3QEUVgTO+WohTrB1y1YhiGodEmay8ACD6c8w6AXgqjW40Rtt/TJXWPJFo0Os5+P7Mkt85aHgbRAAAAAAAAADYlMzsAc00EDEBibrp8H6ONFYAAAABAAsDgACAACB7G3GIpXFCcgeRppUezAWZBbckYXray8qXQj1NWRDXwg==",
    signature:
      "E6lvpvZ9C2FUWczwvrDZdQ6KcqK9DPMhxz89LiEL04MYwNSxKiLF0VcAPqFGkFBhBPAcdSb2wi+kTmvspVDyWmohWlDSSganqv1vkdnhixNjHvOzXT5ywzNZDguWocIptvdBHObVOXi3EunpYWcmny8nbHbcwNQ/riVFOW8iXZWonXkBeswIAVHubN1cn5+OrFZwOsTe3I6etcIApH2krEhfdH2EJeqPNdNbA8UNzDsthNJnJ+oKc4mJPJB2HKXxK3zEAbiquTRgVrDFUIjsC26SKSqFAeOqN5TaxhZ1Q/dHVpec1oiR7OdjIIOkflcOvUnXGu/bmVuzjUcbD5ZBPA==",
  },
};

/** A quoter that gives what was captured, whatever it is asked. */
export const captured = ({ claim }: typeof EC | typeof RSA): Quoter => ({
  quote: async () => claim as unknown as Awaited<ReturnType<Quoter["quote"]>>,
});

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
const spki = (key: KeyObject) => new Uint8Array(key.export({ type: "spki", format: "der" }));
export const MADE_PEM = publicKey.export({ type: "spki", format: "pem" }).toString();
const MADE_ID = sha256(spki(publicKey));
const VALUES: Readonly<Record<string, Sha256>> = { "0": ZERO as Sha256, "7": MEASURED as Sha256 };

export interface Unsound {
  readonly magic?: number;
  readonly type?: number;
  readonly banks?: number;
  readonly algorithm?: number;
  /** Of the select bytes: which registers the chip says that it quoted. */
  readonly select?: readonly number[];
  readonly digest?: Uint8Array;
  readonly extra?: Uint8Array;
  readonly resets?: number;
  readonly restarts?: number;
  readonly tail?: Uint8Array;
  readonly cut?: number;
  /** What the statement says beside the chip. */
  readonly said?: object;
}

const number = (size: number, value: number) => {
  const bytes = Buffer.alloc(size);
  bytes.writeUIntBE(value, 0, size);
  return new Uint8Array(bytes);
};
const sized = (bytes: Uint8Array) => concatBytes(number(2, bytes.byteLength), bytes);
const fromHex = (text: string) => new Uint8Array(Buffer.from(text, "hex"));

/** A TPM of our own, which says what it is told to. */
export function maker(unsound: Unsound = {}): Quoter {
  return {
    async quote(qualifying) {
      const digest = fromHex(sha256(concatBytes(...Object.values(VALUES).map(fromHex))));
      const whole = concatBytes(
        number(4, unsound.magic ?? 0xff544347),
        number(2, unsound.type ?? 0x8018),
        sized(new Uint8Array(34)),
        sized(unsound.extra ?? fromHex(qualifying)),
        new Uint8Array(8),
        number(4, unsound.resets ?? 5),
        number(4, unsound.restarts ?? 2),
        new Uint8Array(1),
        new Uint8Array(8),
        number(4, unsound.banks ?? 1),
        number(2, unsound.algorithm ?? 0x000b),
        number(1, unsound.select?.length ?? 3),
        Uint8Array.from(unsound.select ?? [0b1000_0001, 0, 0]),
        sized(unsound.digest ?? digest),
        unsound.tail ?? new Uint8Array(),
      );
      const attested = whole.subarray(0, whole.byteLength - (unsound.cut ?? 0));
      const claim = quoteClaim(MADE_ID, VALUES, attested, new Uint8Array(sign("sha256", attested, privateKey)));
      return { ...claim, ...unsound.said };
    },
  };
}
