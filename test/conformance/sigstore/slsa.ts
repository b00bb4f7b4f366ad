/**
 * Real provenance of npm and of GitHub's builders, each bundle with its own artifact and the publishers we name. An
 * accepted one is tried twice more, over altered bytes and with a stranger for its signer, and must then be refused: a
 * verifier that binds neither artifact nor name would accept all three.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parsePinnedKey, parseTrustedRoot, type Signers, verifyArtifact } from "../../../attest/index.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { anything, array, object, parseShape, string } from "../../../runtime/kernel/shape.ts";
import { npmPublishKeys, publicGoodRoot } from "./seed.ts";
import type { Row } from "./verdicts.ts";

const issuer = "https://token.actions.githubusercontent.com";
const GITHUB = "https://github.com";
/** Builders by the pattern of their releases, packages by the workflow that publishes them. */
const NAMED: Signers = {
  identities: [
    ...["builder_container-based", "delegator_generic", "delegator_lowperms-generic", "generator_generic"].map(
      (one) => ({
        issuer,
        subjectPattern: `${GITHUB}/slsa-framework/slsa-github-generator/.github/workflows/${one}_slsa3.yml@refs/tags/v*`,
      }),
    ),
    { issuer, subjectPattern: `${GITHUB}/ramonpetgrave64/gundam-visor/.github/workflows/npm-publish.yml@refs/tags/v*` },
    {
      issuer,
      subjectPattern: `${GITHUB}/trishankatdatadog/supreme-goggles/.github/workflows/npm-publish.yml@refs/tags/v*`,
    },
    { issuer, subject: `${GITHUB}/laurentsimon/provenance-npm-test/.github/workflows/release.yml@refs/heads/main` },
    { issuer, subject: `${GITHUB}/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main` },
  ],
};
const STRANGER: Signers = { identities: [{ issuer, subject: `${GITHUB}/slsa-framework/slsa-github-generator` }] };

const npmFile = object({
  attestations: array(object({ predicateType: string({ max: 200 }), bundle: anything }), { max: 8 }),
});

export interface Bundle {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly artifact: Uint8Array;
  readonly signers: Signers;
}

export function readBundles(folder: string): readonly Bundle[] {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const documents = files.filter((name) => /\.(?:slsa|jsonl|json)$/.test(name)).sort();
  return documents.flatMap((name) => {
    const bytes = readFileSync(join(folder, name));
    const artifact = readFileSync(join(folder, artifactOf(folder, name)));
    if (!name.endsWith(".json")) return [{ name, bytes, artifact, signers: NAMED }];
    const { attestations } = unwrap(parseShape(npmFile, JSON.parse(bytes.toString()), name));
    return attestations.map(({ predicateType, bundle }) => {
      const isPublish = predicateType.includes("/publish/");
      return {
        name: `${name}#${isPublish ? "publish" : "provenance"}`,
        bytes: Buffer.from(JSON.stringify(bundle)),
        artifact,
        signers: isPublish ? { keys: npmPublishKeys() } : NAMED,
      };
    });
  });
}

export function judgeBundle({ name, bytes, artifact, signers }: Bundle): readonly Row[] {
  const trust = unwrap(parseTrustedRoot(publicGoodRoot()));
  const row = (label: string, bytesOf: Uint8Array, by: Signers, isRight: (accepted: boolean) => boolean): Row => {
    const judged = verifyArtifact(bytes, trust, { bytes: bytesOf }, by);
    if (!judged.ok) {
      const { code, facts, message } = judged.error;
      const reason = typeof facts["reason"] === "string" ? facts["reason"] : message;
      return { name: label, verdict: `${code}, ${reason}`, isRight: isRight(false), says: judged.error.line() };
    }
    const { signer, statement } = judged.value;
    const digests = new Set(statement?.subject.flatMap((one) => Object.keys(one.digest)));
    const who = signer?.subject ?? "npm's key";
    const verdict = `OK, ${[...digests].join(" and ")} signed by ${who}`;
    return { name: label, verdict, isRight: isRight(true), says: "is accepted and must not be" };
  };
  // The file's name says which of npm's two bundles was damaged.
  const damaged = name.includes(name.endsWith("#publish") ? "-invalidsigpub." : "-invalidsigprov.");
  const own = row(name, artifact, signers, (accepted) => !(accepted && damaged));
  if (!own.verdict.startsWith("OK")) return [own];
  const never = (accepted: boolean) => !accepted;
  const other = Buffer.concat([artifact, Buffer.from([0])]);
  const stranger = "keys" in signers ? { keys: [strangeKey()] } : STRANGER;
  return [
    own,
    codeOnly(row(`${name} over other bytes`, other, signers, never)),
    codeOnly(row(`${name} by a stranger`, artifact, stranger, never)),
  ];
}

const codeOnly = (row: Row): Row => ({ ...row, verdict: row.verdict.replace(/,.*/s, "") });

/** A P-256 key that signed nothing: the curve's base point. */
function strangeKey() {
  const x = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
  const y = "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
  const spki = `3059301306072a8648ce3d020106082a8648ce3d03010703420004${x}${y}`;
  return unwrap(parsePinnedKey(Buffer.from(spki, "hex")));
}

/** The longest name that the document's begins with and that is a file. */
function artifactOf(folder: string, name: string): string {
  const parts = name.split(".");
  for (let count = parts.length - 1; count > 0; count -= 1) {
    const one = parts.slice(0, count).join(".");
    if (existsSync(join(folder, one))) return one;
  }
  throw new Error(`${name} has no artifact beside it`);
}
