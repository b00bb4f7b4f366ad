/** Revoked trust: a key was stolen on a known day, and the thief makes what he signs look older than that. */
import { describe, it } from "vitest";
import { signByKey } from "../../../attest/publisher/index.ts";
import { newSigner, provenanceBy } from "../../unit/attest/own-keys.ts";
import { altered, IDENTITY, type Json, statement } from "../../unit/attest/release.ts";
import { accepts, DAY_MS, door, keylessPolicy, keyPolicy, refuses } from "./door.ts";

const at = door();
const key = newSigner();
const since = (culprit: object, sinceMs: number) => ({
  revoked: [{ ...culprit, reason: "stolen then", running: "stop", sinceMs }],
});
const signedMs = () => at.ask(at.honest).signedTimesMs[0] ?? 0;

describe("a signer that is believed until a day", () => {
  it("is believed for what an authority saw signed before, to the millisecond", () => {
    const policy = (sinceMs: number) => keylessPolicy(since({ identity: IDENTITY }, sinceMs));
    accepts(at.ask(at.honest, { policy: policy(signedMs() + 1) }));
    const said = `the policy believes ${IDENTITY.subject} no more: stolen then`;
    refuses(at.ask(at.honest, { policy: policy(signedMs()) }), "ATTEST_REVOKED", "attack", said);
    refuses(at.ask(at.honest, { policy: policy(0) }), "ATTEST_REVOKED", "attack", said);
  });

  it("is not believed for a date that it wrote itself", async () => {
    const policy = keyPolicy([key], since({ key: key.keyId }, Date.now() + DAY_MS));
    const said = `the policy believes key ${key.keyId} no more: stolen then`;
    refuses(at.ask(await provenanceBy(key), { policy }), "ATTEST_REVOKED", "attack", said);
    refuses(at.ask(await signByKey(statement(), key), { policy }), "ATTEST_REVOKED", "attack", said);
    const { rekorUrl, tsaUrl } = at.sigstore;
    accepts(at.ask(await signByKey(statement(), key, { rekorUrl, tsaUrl }), { policy }));
    accepts(at.ask(await signByKey(statement(), key, { tsaUrl }), { policy }));
    // A version 2 log signs no time; what stands there is whatever the thief likes.
    const logged = await signByKey(statement(), key, { rekorUrl, rekorVersion: 2 });
    const dated = altered(logged, (json: Json) => {
      json.verificationMaterial.tlogEntries[0].integratedTime = "1000000000";
    });
    refuses(at.ask(logged, { policy }), "ATTEST_REVOKED", "attack", said);
    const verdict = at.ask(dated, { policy });
    refuses(verdict, ...DATED);
  });
});

const DATED = ["ATTEST_LOG", "attack", /^the transparency log does not vouch for this envelope: /] as const;
