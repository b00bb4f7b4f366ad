/** A false name: a workflow that may sign writes provenance by hand, for a source or a commit that it never built. */
import { describe, it } from "vitest";
import { signKeyless } from "../../../attest/publisher/index.ts";
import { IDENTITY, statement } from "../../unit/attest/release.ts";
import { accepts, door, PROVENANCE, refuses, requiring } from "./door.ts";

const at = door();
const REPOSITORY = "https://github.com/acme/app";
const COMMIT = "5f0d7fe2a5c1e6d7a4b1f0f2c34d3a5b6c7d8e9f";
const MAIN = "refs/heads/main";
const SOURCES = [`git+${REPOSITORY}`, "git+https://github.com/acme/other"];
const policy = requiring([{ ...PROVENANCE, sources: SOURCES, identities: [IDENTITY] }]);
const HONEST = { repository: "acme/app", sha: COMMIT, ref: MAIN, event_name: "push" };

/** Signed by a run of which the identity provider says this. */
async function signedIn(claims: object, said: Parameters<typeof statement>[0] = {}) {
  const { issuer: iss, subject: sub } = IDENTITY;
  const parts = [{ alg: "none" }, { iss, sub, aud: "sigstore", ...claims }];
  const encoded = parts.map((one) => Buffer.from(JSON.stringify(one)).toString("base64url"));
  const identityToken = [...encoded, "no-signature"].join(".");
  const { fulcioUrl, rekorUrl, tsaUrl } = at.sigstore;
  const payload = statement({ sourceUri: SOURCES[0] ?? "", sourceDigest: { gitCommit: COMMIT }, ...said });
  return at.ask(await signKeyless(payload, { identityToken, fulcioUrl, rekorUrl, tsaUrl }), { policy });
}

describe("provenance that differs from its certificate", () => {
  it.each<[string, object, Parameters<typeof statement>[0], string]>([
    ["another repository", {}, { sourceUri: SOURCES[1] ?? "" }, `source: ${REPOSITORY}, not ${SOURCES[1]}`],
    [
      "a repository whose name begins alike",
      { repository: "acme/app-evil" },
      {},
      `source: ${REPOSITORY}-evil, not git+${REPOSITORY}`,
    ],
    [
      "a repository in other case",
      { repository: "Acme/app" },
      {},
      `source: https://github.com/Acme/app, not git+${REPOSITORY}`,
    ],
    ["another commit", { sha: "0".repeat(40) }, {}, `commit: ${"0".repeat(40)}, not ${COMMIT}`],
    [
      "another branch",
      { ref: "refs/heads/evil" },
      { sourceUri: `${SOURCES[0]}@${MAIN}` },
      `ref: refs/heads/evil, not ${MAIN}`,
    ],
  ])(
    "is a forgery, though the workflow may sign and the source is one that the policy names: %s",
    async (_, claims, said, text) => {
      accepts(await signedIn(HONEST));
      accepts(await signedIn(HONEST, { sourceUri: `${SOURCES[0]}@${MAIN}` }));
      const verdict = await signedIn({ ...HONEST, ...claims }, said);
      refuses(verdict, "ATTEST_CERTIFICATE_DIFFERS", "attack", `certificate and provenance do not agree on ${text}`);
    },
  );
});
