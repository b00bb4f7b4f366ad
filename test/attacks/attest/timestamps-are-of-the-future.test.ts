/** False witnesses: a signature is dated ahead, so that it would stay young and pull the board's clock along. */
import { bundleFromJSON } from "@sigstore/bundle";
import { TSAWitness } from "@sigstore/sign";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FLOOR_STEP_MAX_MS, raisedFloor } from "../../../agent/board-time.ts";
import { parseTrustedRoot } from "../../../attest/index.ts";
import { signByKey } from "../../../attest/publisher/index.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { newSigner } from "../../unit/attest/own-keys.ts";
import { altered, IDENTITY, type Json, statement } from "../../unit/attest/release.ts";
import { accepts, DAY_MS, door, PROVENANCE, refuses, requiring } from "./door.ts";

const at = door();
const NOW = Date.now();
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

  it("makes nothing younger that was dated before: the first who saw it counts", async () => {
    const key = newSigner();
    const policy = requiring([{ ...PROVENANCE, keys: [key.publicPem], maxAgeDays: 30 }]);
    vi.setSystemTime(NOW);
    const { tsaUrl } = at.sigstore;
    const first = await signByKey(statement(), key, { tsaUrl });
    accepts(at.ask(first, { policy, nowMs: NOW + 29 * DAY_MS }));
    const stale = { policy, nowMs: NOW + 40 * DAY_MS };
    const said = "it was signed 40 days ago; at most 30 days are accepted";
    refuses(at.ask(first, stale), "ATTEST_STALE", "stale", said);

    vi.setSystemTime(NOW + 39 * DAY_MS);
    const { content } = bundleFromJSON(JSON.parse(Buffer.from(first).toString()));
    const { rfc3161Timestamps: later = [] } = await new TSAWitness({ tsaBaseURL: tsaUrl }).testify(content);
    const both = altered(first, (json: Json) => {
      const times = json.verificationMaterial.timestampVerificationData.rfc3161Timestamps;
      times.push(...later.map((one) => ({ signedTimestamp: one.signedTimestamp.toString("base64") })));
    });
    const verdict = at.ask(both, stale);
    expect(verdict.signedTimesMs).toHaveLength(2);
    refuses(verdict, "ATTEST_STALE", "stale", said);
  });
});
