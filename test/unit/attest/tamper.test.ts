/** Bundles that somebody altered, made up or only damaged: refused with a code, never with an exception. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BUNDLE_BYTES_MAX, firstRefusal, judge, parseTrustedRoot } from "../../../attest/index.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { type FakeSigstore, startSigstore } from "../../fakes/sigstore.ts";
import { altered, IDENTITY, type Json, question, refusals, signed, statement } from "./release.ts";

let sigstore: FakeSigstore;
let bundle: Uint8Array;
let sameAgain: Uint8Array;
beforeAll(async () => {
  sigstore = await startSigstore();
  [bundle, sameAgain] = await Promise.all([signed(sigstore), signed(sigstore)]);
});
afterAll(() => sigstore.close());

const ask = (of: Uint8Array) => judge(question(sigstore, of));
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
const part = (of: Uint8Array): Json => JSON.parse(Buffer.from(of).toString("utf8"));

/** Alters the bundle, expects exactly one refusal, and that what came after was not waved through. */
function refusalOf(change: (json: Json) => void): string {
  const verdict = ask(altered(bundle, change));
  expect(verdict.accepted).toBe(false);
  expect(refusals(verdict)).toHaveLength(1);
  expect(verdict.reasons.find((one) => one.check === "identity")?.passed).toBe(false);
  expect(verdict.signer).toBeUndefined();
  expect(verdict.signedTimesMs).toEqual([]);
  return firstRefusal(verdict).code;
}

describe("a tampered bundle", () => {
  it("is refused when the payload is replaced by another statement", () => {
    const payload = base64(statement({ sourceUri: "git+https://git.example/mallory/app" }));
    expect(
      refusalOf((json) => {
        json.dsseEnvelope.payload = payload;
      }),
    ).toBe("ATTEST_LOG");
  });

  it("is refused when payload and log entry agree but nobody signed the payload", () => {
    // The log entry's own proof gives the change away.
    expect(
      refusalOf((json) => {
        const entry = json.verificationMaterial.tlogEntries[0];
        const body = JSON.parse(Buffer.from(entry.canonicalizedBody, "base64").toString("utf8"));
        body.spec.payloadHash.value = "0".repeat(64);
        entry.canonicalizedBody = base64(utf8(JSON.stringify(body)));
      }),
    ).toBe("ATTEST_LOG");
  });

  it("is refused with the certificate of another signature by the same signer", () => {
    const other = part(sameAgain).verificationMaterial.certificate;
    expect(
      refusalOf((json) => {
        json.verificationMaterial.certificate = other;
      }),
    ).toBe("ATTEST_SIGNATURE");
  });

  it("is refused when a byte of the certificate is changed", () => {
    expect(
      refusalOf((json) => {
        const der = Buffer.from(json.verificationMaterial.certificate.rawBytes, "base64");
        const at = der.indexOf("ci.example");
        der.write("c1", at, "latin1");
        json.verificationMaterial.certificate.rawBytes = base64(der);
      }),
    ).toBe("ATTEST_CERTIFICATE");
  });

  it("is refused without a log entry, or with that of another signature", () => {
    const { tlogEntries } = part(sameAgain).verificationMaterial;
    expect(
      refusalOf((json) => {
        json.verificationMaterial.tlogEntries = [];
      }),
    ).toBe("ATTEST_LOG");
    expect(
      refusalOf((json) => {
        json.verificationMaterial.tlogEntries = tlogEntries;
      }),
    ).toBe("ATTEST_LOG");
  });

  it("is refused when the log's time is moved", () => {
    expect(
      refusalOf((json) => {
        const entry = json.verificationMaterial.tlogEntries[0];
        entry.integratedTime = String(Number(entry.integratedTime) + 60);
      }),
    ).toBe("ATTEST_LOG");
  });

  it("is refused without any time, or with a timestamp over another signature", () => {
    const { timestampVerificationData } = part(sameAgain).verificationMaterial;
    expect(
      refusalOf((json) => {
        json.verificationMaterial.timestampVerificationData = { rfc3161Timestamps: [] };
        json.verificationMaterial.tlogEntries[0].integratedTime = "0";
      }),
    ).toBe("ATTEST_TIMESTAMP");
    expect(
      refusalOf((json) => {
        json.verificationMaterial.timestampVerificationData = timestampVerificationData;
      }),
    ).toBe("ATTEST_TIMESTAMP");
  });

  it("cannot raise the clock's floor by a time that a version 2 log never signed", async () => {
    const forged = altered(await signed(sigstore, { rekorVersion: 2 }), (json) => {
      json.verificationMaterial.tlogEntries[0].integratedTime = "4102444800";
    });
    const verdict = ask(forged);
    expect(refusals(verdict)).toContain("log: ATTEST_LOG");
    expect(verdict.signedTimesMs).toEqual([]);
  });

  it("is refused when its log entry is replayed to look like two", () => {
    expect(
      refusalOf((json) => {
        const { tlogEntries } = json.verificationMaterial;
        tlogEntries.push(tlogEntries[0]);
      }),
    ).toBe("ATTEST_TIMESTAMP");
  });

  it("keeps what the library said as the cause", () => {
    const verdict = ask(
      altered(bundle, (json) => {
        json.verificationMaterial.tlogEntries = [];
        json.verificationMaterial.timestampVerificationData =
          part(bundle).verificationMaterial.timestampVerificationData;
      }),
    );
    expect(firstRefusal(verdict).cause).toMatchObject({ code: "TLOG_ERROR" });
  });
});

describe("a trusted root of another Sigstore", () => {
  it("accepts nothing of this one, though all names are the same", async () => {
    const other = await startSigstore();
    try {
      const trust = unwrap(parseTrustedRoot(other.trustedRoot));
      const verdict = judge(question(sigstore, bundle, { trust }));
      expect(verdict.accepted).toBe(false);
      expect(firstRefusal(verdict).kind).toBe("attack");
    } finally {
      await other.close();
    }
  });

  it("accepts nothing if only its certificate authority is another", async () => {
    const other = await startSigstore();
    await other.close();
    const root = altered(sigstore.trustedRoot, (json) => {
      json.certificateAuthorities = part(other.trustedRoot).certificateAuthorities;
    });
    const verdict = judge(question(sigstore, bundle, { trust: unwrap(parseTrustedRoot(root)) }));
    expect(refusals(verdict)).toEqual(["certificate: ATTEST_CERTIFICATE"]);
  });
});

describe("a certificate that no certificate log has seen", () => {
  it("is refused, though its authority is trusted: nobody could have noticed it being issued", async () => {
    const secretive = await startSigstore({ logsCertificates: false });
    try {
      const verdict = judge(question(secretive, await signed(secretive)));
      expect(refusals(verdict)).toEqual(["certificate: ATTEST_CERTIFICATE"]);
    } finally {
      await secretive.close();
    }
  });
});

describe("what is no bundle of ours", () => {
  it.each([
    ["nothing", ""],
    ["text", "not a bundle"],
    ["a number", "7"],
    ["null", "null"],
    ["an empty object", "{}"],
    ["an array of arrays without end", "[".repeat(100_000)],
  ])("is refused: %s", (_, text) => {
    expect(firstRefusal(ask(utf8(text))).code).toBe("ATTEST_BUNDLE_INVALID");
  });

  it("is refused before it is parsed when it is larger than any honest one", () => {
    const padded = altered(bundle, (json) => {
      json.padding = "x".repeat(BUNDLE_BYTES_MAX);
    });
    expect(firstRefusal(ask(padded)).message).toContain("at most 1048576 are accepted");
  });

  it("is refused when a bare key signed that the policy does not name", () => {
    const bare = altered(bundle, (json) => {
      delete json.verificationMaterial.certificate;
      json.verificationMaterial.publicKey = { hint: "k" };
    });
    expect(firstRefusal(ask(bare)).code).toBe("ATTEST_KEY");
  });

  it.each<[string, (json: Json) => void]>([
    ["another payload type", (json) => Object.assign(json.dsseEnvelope, { payloadType: "text/plain" })],
    ["two signatures", (json) => json.dsseEnvelope.signatures.push(json.dsseEnvelope.signatures[0])],
    [
      "signed bare bytes",
      (json) => {
        delete json.dsseEnvelope;
        json.messageSignature = { messageDigest: { algorithm: "SHA2_256", digest: "AAAA" }, signature: "AAAA" };
      },
    ],
    [
      "a hundred log entries",
      (json) => {
        const { tlogEntries } = json.verificationMaterial;
        json.verificationMaterial.tlogEntries = Array.from({ length: 100 }, () => tlogEntries[0]);
      },
    ],
    [
      "a hundred timestamps",
      (json) => {
        const data = json.verificationMaterial.timestampVerificationData;
        data.rfc3161Timestamps = Array.from({ length: 100 }, () => data.rfc3161Timestamps[0]);
      },
    ],
    [
      "a checkpoint full of signatures",
      (json) => {
        const { checkpoint } = json.verificationMaterial.tlogEntries[0].inclusionProof;
        checkpoint.envelope += "\u2014 x AAAAAAAA\n".repeat(5000);
      },
    ],
    [
      "a number with a hundred thousand digits",
      (json) => {
        json.verificationMaterial.tlogEntries[0].inclusionProof.logIndex = "9".repeat(100_000);
      },
    ],
    [
      "a proof that is too long",
      (json) => {
        const { inclusionProof } = json.verificationMaterial.tlogEntries[0];
        inclusionProof.hashes = Array.from({ length: 65 }, () => base64(new Uint8Array(32)));
      },
    ],
    [
      "a certificate that is no certificate",
      (json) => Object.assign(json.verificationMaterial.certificate, { rawBytes: "MAo=" }),
    ],
  ])("is refused: %s", (_, change) => {
    expect(refusalOf(change)).toBe("ATTEST_BUNDLE_INVALID");
  });
});

describe("a bundle damaged at random", () => {
  it("never throws, and is accepted only if it still says the same", () => {
    const random = mulberry32(20_261_121);
    const good = judge(question(sigstore, bundle));
    for (let run = 0; run < 300; run += 1) {
      const verdict = ask(run % 2 === 0 ? flippedText(bundle, random) : flippedField(bundle, random));
      if (verdict.accepted) {
        expect(verdict.signer, `run ${run}`).toEqual(IDENTITY);
        expect(verdict.provenance, `run ${run}`).toEqual(good.provenance);
      } else {
        expect(firstRefusal(verdict).line(), `run ${run}`).toMatch(/^ATTEST_\w+: /);
      }
    }
  });

  it("never throws when it is cut short", () => {
    for (let length = 0; length < bundle.length; length += 97) {
      expect(firstRefusal(ask(bundle.subarray(0, length))).code).toBe("ATTEST_BUNDLE_INVALID");
    }
  });
});

/** A small seeded generator, so that a failing run can be had again. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function flip(bytes: Uint8Array, random: () => number): Uint8Array {
  const out = new Uint8Array(bytes);
  for (let count = 1 + Math.floor(random() * 3); count > 0; count -= 1) {
    const at = Math.floor(random() * out.length);
    out[at] = (out[at] ?? 0) ^ (1 << Math.floor(random() * 8));
  }
  return out;
}

function flippedText(of: Uint8Array, random: () => number): Uint8Array {
  return flip(of, random);
}

/** Flips bits inside one of the base64 fields, so that the damage reaches ASN.1, JSON and signatures. */
function flippedField(of: Uint8Array, random: () => number): Uint8Array {
  return altered(of, (json) => {
    const material = json.verificationMaterial;
    const [entry] = material.tlogEntries;
    const fields: readonly [Json, string][] = [
      [material.certificate, "rawBytes"],
      [material.timestampVerificationData.rfc3161Timestamps[0], "signedTimestamp"],
      [entry, "canonicalizedBody"],
      [entry.inclusionPromise, "signedEntryTimestamp"],
      [entry.inclusionProof, "rootHash"],
      [json.dsseEnvelope, "payload"],
      [json.dsseEnvelope.signatures[0], "sig"],
    ];
    const [holder, name] = fields[Math.floor(random() * fields.length)] ?? [entry, "canonicalizedBody"];
    holder[name] = base64(flip(Buffer.from(holder[name], "base64"), random));
  });
}
