/** False witnesses: a signature that no log has seen borrows the log entry or the timestamp of one that was seen. */
import { beforeAll, describe, it, vi } from "vitest";
import { altered, type Json, SOURCE } from "../../unit/attest/release.ts";
import { accepts, door, refuses } from "./door.ts";

const at = door();
let other: Json;
let again: Json;
beforeAll(async () => {
  // Not in the same second as the honest one.
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 5000 });
  other = JSON.parse(Buffer.from(await at.sign({ sourceUri: `${SOURCE}-other` })).toString());
  again = JSON.parse(Buffer.from(await at.sign()).toString());
  vi.useRealTimers();
});
const changed = (change: (material: Json, json: Json) => void) =>
  at.ask(altered(at.honest, (json) => change(json.verificationMaterial, json)));
const NOT_ITS = /^the transparency log does not vouch for this envelope: /;
const NO_TIME = /^no trusted time of signing: /;

describe("evidence of another signature", () => {
  it.each(["of another artifact", "of the same signer's next signature over the same"])(
    "is not this one's, as a log entry %s",
    (whose) => {
      const from = () => (whose === "of another artifact" ? other : again).verificationMaterial.tlogEntries;
      accepts(at.ask(at.honest));
      const swapped = changed((material) => {
        material.tlogEntries = from();
      });
      refuses(swapped, "ATTEST_LOG", "attack", NOT_ITS);
      const beside = changed((material) => void material.tlogEntries.push(...from()));
      refuses(beside, "ATTEST_LOG", "attack", NOT_ITS);
    },
  );

  it("is not this one's, part by part: body, proof, promise, checkpoint", () => {
    const [entry] = other.verificationMaterial.tlogEntries;
    for (const part of ["canonicalizedBody", "inclusionProof", "inclusionPromise"]) {
      const verdict = changed((material) => Object.assign(material.tlogEntries[0], { [part]: entry[part] }));
      refuses(verdict, "ATTEST_LOG", "attack", NOT_ITS);
    }
    const checkpoint = changed(({ tlogEntries: [mine] }) => {
      mine.inclusionProof.checkpoint = entry.inclusionProof.checkpoint;
    });
    refuses(checkpoint, "ATTEST_LOG", "attack", NOT_ITS);
  });

  it("is not this one's, as a timestamp", () => {
    const theirs = other.verificationMaterial.timestampVerificationData.rfc3161Timestamps;
    const swapped = changed((material) => {
      material.timestampVerificationData.rfc3161Timestamps = theirs;
    });
    refuses(swapped, "ATTEST_TIMESTAMP", "attack", NO_TIME);
    const beside = changed((material) => void material.timestampVerificationData.rfc3161Timestamps.push(...theirs));
    refuses(beside, "ATTEST_TIMESTAMP", "attack", NO_TIME);
  });

  it("is not this one's, as an envelope put where the certificate and the log entry are another's", () => {
    const verdict = changed((_, json) => {
      json.verificationMaterial = other.verificationMaterial;
    });
    refuses(verdict, "ATTEST_TIMESTAMP", "attack", NO_TIME);
    const payload = changed((_, json) => {
      json.dsseEnvelope.payload = other.dsseEnvelope.payload;
    });
    refuses(payload, "ATTEST_LOG", "attack", NOT_ITS);
  });
});
