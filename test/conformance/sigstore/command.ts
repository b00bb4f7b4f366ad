/**
 * sigstore-conformance's command line (docs/cli_protocol.md) over our verifier. Verifying is all of it: signing keyless
 * needs services of the outside world. Whatever is wrong with the arguments or their files is status 2, a refused
 * bundle status 1.
 */
import { readFileSync, statSync } from "node:fs";
import { parseArgs } from "node:util";
import {
  type ArtifactBytes,
  parsePinnedKey,
  parseTrustedRoot,
  type Signers,
  verifyArtifact,
} from "../../../attest/index.ts";
import type { Sha256 } from "../../../runtime/kernel/brand.ts";
import { Fault, reasonOf } from "../../../runtime/kernel/fault.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { verifyDigest } from "./prehash.ts";
import { publicGoodRoot } from "./seed.ts";

export interface Outcome {
  readonly status: 0 | 1 | 2;
  /** `OK`, the code of the refusal, or `USAGE`. */
  readonly code: string;
  readonly says: string;
}

export function runCommand(args: readonly string[]): Outcome {
  try {
    verifyBundle(args);
    return { status: 0, code: "OK", says: "OK" };
  } catch (error) {
    if (error instanceof Fault) return { status: 1, code: error.code, says: error.line() };
    return { status: 2, code: "USAGE", says: reasonOf(error) };
  }
}

function verifyBundle(args: readonly string[]): void {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      staging: { type: "boolean" },
      bundle: { type: "string" },
      "certificate-identity": { type: "string" },
      "certificate-oidc-issuer": { type: "string" },
      key: { type: "string" },
      "trusted-root": { type: "string" },
    },
  });
  const [command, artifact, ...more] = positionals;
  const { bundle, key, "certificate-identity": subject, "certificate-oidc-issuer": issuer } = values;
  if (command !== "verify-bundle") throw new Error(`only verify-bundle can be done, not ${command}`);
  if (bundle === undefined || artifact === undefined || more.length > 0) throw new Error("one bundle, one artifact");
  const root = values["trusted-root"];
  if (values.staging === true && root === undefined) throw new Error("--staging needs --trusted-root");
  const trust = unwrap(parseTrustedRoot(root === undefined ? publicGoodRoot() : readFileSync(root)));
  unwrap(verifyArtifact(readFileSync(bundle), trust, artifactOf(artifact), signersOf(key, subject, issuer)));
}

function signersOf(key: string | undefined, subject: string | undefined, issuer: string | undefined): Signers {
  if (key !== undefined && subject === undefined && issuer === undefined) {
    return { keys: [unwrap(parsePinnedKey(readFileSync(key, "utf8")))] };
  }
  if (key === undefined && subject !== undefined && issuer !== undefined) return { identities: [{ issuer, subject }] };
  throw new Error("either --key, or --certificate-identity and --certificate-oidc-issuer");
}

/** A digest as the protocol writes it, unless there is a file of that name. */
function artifactOf(text: string): ArtifactBytes {
  const isDigest = /^sha256:[0-9a-f]{64}$/.test(text) && statSync(text, { throwIfNoEntry: false }) === undefined;
  if (!isDigest) return { bytes: readFileSync(text) };
  return { sha256: text.slice("sha256:".length) as Sha256, verifyDigest };
}
