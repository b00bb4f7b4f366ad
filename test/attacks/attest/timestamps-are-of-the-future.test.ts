/** False witnesses: a signature is dated ahead, so that it would stay young and pull the board's clock along. */
import { bundleFromJSON } from "@sigstore/bundle";
import { TSAWitness } from "@sigstore/sign";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { FLOOR_STEP_MAX_MS, raisedFloor } from "../../../agent/board-time.ts";
import { parseTrustedRoot } from "../../../attest/index.ts";
import { signByKey } from "../../../attest/publisher/index.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { newSigner } from "../../unit/attest/own-keys.ts";
import { altered, IDENTITY, type Json, statement } from "../../unit/attest/release.ts";
import { accepts, DAY_MS, door, PROVENANCE, refuses, requiring } from "./door.ts";

const at = door();
/** After its authorities began. */
let NOW = 0;
beforeAll(() => {
  NOW = Date.now();
});
const young = requiring([{ ...PROVENANCE, identities: [IDENTITY], maxAgeDays: 30 }]);
beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());
const signedIn = (days: number) => {
  vi.setSystemTime(NOW + days * DAY_MS);
  return at.sign();
};

describe("a signature that is dated ahead", () => {
  it("counts only where the trusted root says that the authority may date so far", async () => {
    const evidence = await signedIn(200);
    const end = new Date(NOW + 100 * DAY_MS).toISOString();
    const trust = unwrap(
      parseTrustedRoot(
        altered(at.sigstore.trustedRoot, (json: Json) => Object.assign(json.timestampAuthorities[0].validFor, { end })),
      ),
    );
    refuses(at.ask(evidence, { trust }), "ATTEST_TIMESTAMP", "attack", /^no trusted time of signing: /);
    accepts(at.ask(at.honest, { trust }));
  });

  it("moves a board that believes it by a bounded step: an honest one may be far behind", async () => {
    const { accepted, signedTimesMs } = at.ask(await signedIn(300), { policy: young, nowMs: NOW });
    expect(accepted).toBe(true);
    expect(raisedFloor(NOW, signedTimesMs)).toBe(NOW + FLOOR_STEP_MAX_MS);
  });

  it("makes nothing younger: a second date beside the first is one outside the certificate's time", async () => {
    const first = await signedIn(0);
    const stale = { policy: young, nowMs: NOW + 40 * DAY_MS };
    const said = "it was signed 40 days ago; at most 30 days are accepted";
    refuses(at.ask(first, stale), "ATTEST_STALE", "stale", said);
    vi.setSystemTime(NOW + 39 * DAY_MS);
    const later = await seenAgain(first, (times, time) => void times.push(time));
    refuses(at.ask(later, stale), "ATTEST_CERTIFICATE", "attack", /^the signing certificate is not accepted: /);
    const instead = await seenAgain(first, (times, time) => void times.splice(0, 1, time));
    refuses(at.ask(instead, stale), "ATTEST_CERTIFICATE", "attack", /^the signing certificate is not accepted: /);
  });

  it("makes nothing younger that a key signed: its age is not known, for anybody can have it dated again", async () => {
    const key = newSigner();
    const keys = [key.publicPem];
    vi.setSystemTime(NOW);
    const { rekorUrl, tsaUrl } = at.sigstore;
    const first = await signByKey(statement(), key, { rekorUrl, tsaUrl });
    vi.setSystemTime(NOW + 300 * DAY_MS);
    const dated = await seenAgain(first, (times, time) => void times.splice(0, 1, time));
    const unlogged = altered(dated, (json: Json) => {
      json.verificationMaterial.tlogEntries = [];
    });
    const nowMs = NOW + 301 * DAY_MS;
    accepts(at.ask(unlogged, { policy: requiring([{ ...PROVENANCE, keys }]), nowMs }));
    const aged = requiring([{ ...PROVENANCE, keys, maxAgeDays: 30 }]);
    const said = "no verifiable time: its age counts, and it is signed by a key, not by a certificate";
    for (const evidence of [first, dated, unlogged]) {
      refuses(at.ask(evidence, { policy: aged, nowMs }), "ATTEST_NO_TIME", "refusal", said);
    }
  });
});

/** The timestamp authority asked once more about the same signature. */
async function seenAgain(bundle: Uint8Array, put: (times: Json[], time: Json) => void): Promise<Uint8Array> {
  const { content } = bundleFromJSON(JSON.parse(Buffer.from(bundle).toString()));
  const { rfc3161Timestamps } = await new TSAWitness({ tsaBaseURL: at.sigstore.tsaUrl }).testify(content);
  const signedTimestamp = rfc3161Timestamps?.[0]?.signedTimestamp.toString("base64");
  return altered(bundle, (json: Json) => {
    put(json.verificationMaterial.timestampVerificationData.rfc3161Timestamps, { signedTimestamp });
  });
}
