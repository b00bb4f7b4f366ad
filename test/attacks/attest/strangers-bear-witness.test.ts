/** False witnesses: authorities and logs that work as they should, and that the owner's trusted root does not name. */
import { describe, it } from "vitest";
import { parseTrustedRoot } from "../../../attest/index.ts";
import { signKeyless } from "../../../attest/publisher/index.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { altered, type Json, SUBJECT, statement } from "../../unit/attest/release.ts";
import { accepts, door, refuses } from "./door.ts";

const at = door();
const stranger = door();
const silent = door({ logsCertificates: false });

function witnessed(by: { fulcio?: boolean; rekor?: boolean; tsa?: boolean }) {
  const of = (isStranger = false) => (isStranger ? stranger.sigstore : at.sigstore);
  const { fulcioUrl } = of(by.fulcio);
  const { rekorUrl } = of(by.rekor);
  const { tsaUrl } = of(by.tsa);
  return signKeyless(statement(), {
    identityToken: at.sigstore.tokenFor({ subject: SUBJECT }),
    fulcioUrl,
    rekorUrl,
    tsaUrl,
  });
}
const root = (change: (json: Json) => void) => unwrap(parseTrustedRoot(altered(at.sigstore.trustedRoot, change)));
const UNKNOWN_LOG = /^the transparency log does not vouch for this envelope: /;
const UNKNOWN_AUTHORITY = /^the signing certificate is not accepted: /;
const UNKNOWN_TIME = /^no trusted time of signing: /;

describe("a witness that the trusted root does not name", () => {
  it("bears no witness: another log, also under the name of the known one", async () => {
    accepts(at.ask(await witnessed({})));
    const evidence = await witnessed({ rekor: true });
    refuses(at.ask(evidence), "ATTEST_LOG", "attack", UNKNOWN_LOG);
    const renamed = altered(evidence, (json: Json) => {
      json.verificationMaterial.tlogEntries[0].logId.keyId = at.sigstore.log.logId.toString("base64");
    });
    refuses(at.ask(renamed), "ATTEST_LOG", "attack", UNKNOWN_LOG);
    const unpromised = altered(renamed, (json: Json) => {
      delete json.verificationMaterial.tlogEntries[0].inclusionPromise;
    });
    refuses(at.ask(unpromised), "ATTEST_LOG", "attack", UNKNOWN_LOG);
  });

  it("bears no witness: another authority for certificates, for time, or all of another Sigstore", async () => {
    refuses(at.ask(await witnessed({ fulcio: true })), "ATTEST_CERTIFICATE", "attack", UNKNOWN_AUTHORITY);
    refuses(at.ask(await witnessed({ tsa: true })), "ATTEST_TIMESTAMP", "attack", UNKNOWN_TIME);
    accepts(stranger.ask(stranger.honest));
    refuses(at.ask(stranger.honest), "ATTEST_TIMESTAMP", "attack", UNKNOWN_TIME);
  });

  it("bears no witness: an authority that was the owner's and is not any more", () => {
    const ended = { start: "2020-01-01T00:00:00Z", end: "2021-01-01T00:00:00Z" };
    const authority = root((json) => Object.assign(json.certificateAuthorities[0], { validFor: ended }));
    refuses(at.ask(at.honest, { trust: authority }), "ATTEST_CERTIFICATE", "attack", UNKNOWN_AUTHORITY);
    const time = root((json) => Object.assign(json.timestampAuthorities[0], { validFor: ended }));
    refuses(at.ask(at.honest, { trust: time }), "ATTEST_TIMESTAMP", "attack", UNKNOWN_TIME);
    const log = root((json) => Object.assign(json.tlogs[0].publicKey, { validFor: ended }));
    refuses(at.ask(at.honest, { trust: log }), "ATTEST_LOG", "attack", UNKNOWN_LOG);
    const certificateLog = root((json) => Object.assign(json.ctlogs[0].publicKey, { validFor: ended }));
    refuses(at.ask(at.honest, { trust: certificateLog }), "ATTEST_CERTIFICATE", "attack", UNKNOWN_AUTHORITY);
  });

  it("bears no witness: an authority whose certificates no log has seen", () => {
    refuses(silent.ask(silent.honest), "ATTEST_CERTIFICATE", "attack", UNKNOWN_AUTHORITY);
  });
});
