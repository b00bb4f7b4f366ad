/**
 * Writes `fixtures.json`: attestations of one release, signed by the tests' own Sigstore and by keys that are thrown away
 * afterwards, with all that is needed to judge them. Committed, so that a seed means the same inputs on every machine.
 * Run by hand when a format changes: `node test/fuzz/attest/make-fixtures.ts`.
 */
import { writeFileSync } from "node:fs";
import { STATEMENT_PAYLOAD_TYPE } from "../../../attest/index.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { signEnvelope } from "../../../runtime/kernel/dsse.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { generateKeyPem, parseSigner } from "../../../runtime/kernel/signer.ts";
import { startSigstore } from "../../fakes/sigstore.ts";
import { KEY, NOW, reference, say } from "../../unit/attest/appraise-board.ts";
import { envelopeBundle, ownKey } from "../../unit/attest/bundles.ts";
import { about } from "../../unit/attest/own-keys.ts";
import { ARTIFACTS, signed } from "../../unit/attest/release.ts";
import { FIXTURES, type Fixtures } from "./fixtures.ts";
import { REVIEW, TESTED } from "./policy.ts";

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
const sigstore = await startSigstore();
const reviewer = unwrap(parseSigner(generateKeyPem()));
const laboratory = ownKey("laboratory");
const passed = { result: "PASSED", configuration: [{ uri: "https://lab.example/suite" }], passedTests: ["all"] };
const review = await signEnvelope(STATEMENT_PAYLOAD_TYPE, about(REVIEW, { approved: true }), [reviewer]);
const fixtures: Fixtures = {
  nowMs: Date.now(),
  trustedRoot: base64(sigstore.trustedRoot),
  artifacts: ARTIFACTS,
  attestations: {
    "Rekor 1, timestamped": base64(await signed(sigstore, { rekorVersion: 1 })),
    "Rekor 2, timestamped": base64(await signed(sigstore, { rekorVersion: 2 })),
    "a laboratory's key, logged": base64(await envelopeBundle(sigstore, laboratory.signer, about(TESTED, passed))),
    "a reviewer's key, plain": base64(utf8(JSON.stringify(review))),
  },
  keys: { reviewer: reviewer.publicPem, laboratory: laboratory.pem },
  runtime: {
    nowMs: NOW,
    envelope: base64(await say()),
    reference: { ...reference(), keys: [KEY.publicPem] },
  },
};
writeFileSync(FIXTURES, `${JSON.stringify(fixtures, undefined, 1)}\n`);
await sigstore.close();
