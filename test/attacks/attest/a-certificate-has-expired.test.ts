/** False witnesses: a certificate lives for minutes; who finds its key later signs with it, and hides when that was. */
import { bundleToJSON } from "@sigstore/bundle";
import { DSSEBundleBuilder, RekorWitness, type Signer, TSAWitness, type Witness } from "@sigstore/sign";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { STATEMENT_PAYLOAD_TYPE } from "../../../attest/index.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { keyless } from "../../unit/attest/bundles.ts";
import { altered, type Json, statement } from "../../unit/attest/release.ts";
import { accepts, DAY_MS, door, refuses } from "./door.ts";

const at = door();
beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

const HOUR_MS = 3_600_000;
const pass = (ms: number) => vi.setSystemTime(Date.now() + ms);
const log = (majorApiVersion: 1 | 2) => new RekorWitness({ rekorBaseURL: at.sigstore.rekorUrl, majorApiVersion });
const clock = () => new TSAWitness({ tsaBaseURL: at.sigstore.tsaUrl });

/** Signed when the certificate was issued, seen by the witnesses `afterMs` later. */
async function seenLater(afterMs: number, ...witnesses: readonly Witness[]): Promise<Uint8Array> {
  const signer: Signer = {
    sign: async (data) => {
      const signature = await keyless(at.sigstore).sign(data);
      pass(afterMs);
      return signature;
    },
  };
  const builder = new DSSEBundleBuilder({ signer, witnesses: [...witnesses] });
  const bundle = await builder.create({ data: Buffer.from(statement()), type: STATEMENT_PAYLOAD_TYPE });
  return utf8(JSON.stringify(bundleToJSON(bundle)));
}

const OUTSIDE = /^the signing certificate is not accepted: /;

describe("a certificate that has expired", () => {
  it("signs for nobody when authority and log saw the signature afterwards", async () => {
    refuses(at.ask(await seenLater(HOUR_MS, log(1), clock())), "ATTEST_CERTIFICATE", "attack", OUTSIDE);
    refuses(at.ask(await seenLater(HOUR_MS, log(2), clock())), "ATTEST_CERTIFICATE", "attack", OUTSIDE);
    refuses(at.ask(await seenLater(HOUR_MS, log(1))), "ATTEST_CERTIFICATE", "attack", OUTSIDE);
  });

  it("signs for nobody when one of two times lies outside: the better one is not picked", async () => {
    const evidence = await seenLater(0, log(1), {
      async testify(content) {
        pass(HOUR_MS);
        return clock().testify(content);
      },
    });
    refuses(at.ask(evidence), "ATTEST_CERTIFICATE", "attack", OUTSIDE);
  });

  it("signs for nobody without any signed time, however it came into a log", async () => {
    const untimed = "no verifiable time: it holds neither log entry nor timestamp";
    refuses(at.ask(await seenLater(HOUR_MS)), "ATTEST_NO_TIME", "refusal", untimed);
    const said = /^no trusted time of signing: /;
    refuses(at.ask(await seenLater(HOUR_MS, log(2))), "ATTEST_TIMESTAMP", "attack", said);
    // The time of a log that did not sign it is no time.
    const written = altered(await seenLater(HOUR_MS, log(2)), (json: Json) => {
      json.verificationMaterial.tlogEntries[0].integratedTime = String(Math.floor((Date.now() - HOUR_MS) / 1000));
    });
    refuses(at.ask(written), "ATTEST_TIMESTAMP", "attack", said);
  });

  it("signs for nobody before its time", async () => {
    pass(2 * HOUR_MS);
    refuses(at.ask(await seenLater(-HOUR_MS, log(1), clock())), "ATTEST_CERTIFICATE", "attack", OUTSIDE);
  });

  it("goes on vouching for what was seen while it was valid, for as long as the owner likes", async () => {
    const evidence = await seenLater(1000, log(1), clock());
    pass(300 * DAY_MS);
    const verdict = at.ask(evidence);
    accepts(verdict);
    expect(Math.max(...verdict.signedTimesMs)).toBeLessThan(Date.now() - 299 * DAY_MS);
  });
});
