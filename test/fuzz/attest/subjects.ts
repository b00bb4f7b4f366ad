/**
 * What is mutated, and who judges it: evidence files and their policy, statements, trusted roots and runtime
 * attestations out of the fixtures, a proof, and the real bundles of the public suites. A judge says whether it takes the
 * document, and what it then believes because of it.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { verifyProof } from "../../../agent/proof/index.ts";
import {
  appraise,
  type JudgeInput,
  judge,
  parsePinnedKey,
  parsePolicy,
  parseReference,
  parseTrustedRoot,
  type Signers,
  type TrustedRoot,
  verifyArtifact,
  verifyBundle,
} from "../../../attest/index.ts";
import { parseStatement } from "../../../attest/statement.ts";
import { concatBytes, utf8 } from "../../../runtime/kernel/bytes.ts";
import { canonicalJson } from "../../../runtime/kernel/canonical.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { publicGoodRoot } from "../../conformance/sigstore/seed.ts";
import { readBundles } from "../../conformance/sigstore/slsa.ts";
import { openScene } from "../../unit/agent/proof/scene.ts";
import { decoded, type Fixtures, readFixtures } from "./fixtures.ts";
import { Notary } from "./notary.ts";
import { policyBytes } from "./policy.ts";
import { type Kind, kinds } from "./predicates.ts";

/** What a judge believes because of a document that it takes. */
export interface Meaning {
  readonly says: string;
  /** Signed times; a document with fewer of them says less, not something else. */
  readonly timesMs: readonly number[];
}

export interface Subject {
  readonly name: string;
  readonly kind: "bundle" | "evidence" | "policy" | "statement" | "trusted root" | "proof" | "runtime attestation";
  readonly bytes: Uint8Array;
  /** Nobody signs it here: a mutant may be taken, and then must not make the judge believe anything new. */
  readonly isFree?: true;
  /** The code of the refusal, or what is believed. Throws only for a mistake of ours. */
  judge(bytes: Uint8Array): string | Meaning;
}

const DEVICE = { id: "board-1", class: "gateway", region: "eu" };
const MODULE = { team: "acme", name: "thermostat", version: "1.2.3" };

export function fixtureSubjects(fixtures: Fixtures = readFixtures()): readonly Subject[] {
  const { nowMs, artifacts } = fixtures;
  const root = decoded(fixtures.trustedRoot);
  const trust = unwrap(parseTrustedRoot(root));
  const owners = policyBytes(fixtures.keys);
  const policy = unwrap(parsePolicy(owners));
  const parts = Object.entries(fixtures.attestations).map(([name, text]) => [name, decoded(text)] as const);
  const evidence = concatBytes(...parts.slice(1).flatMap(([, bytes]) => [bytes, utf8("\n")]));
  const question = { artifacts, module: MODULE, device: DEVICE, nowMs, policy, trust, bundle: evidence };
  const keyless = parts[0]?.[1] ?? root;
  const notary = new Notary();
  return [
    ...parts
      .filter(([name]) => name.startsWith("Rekor"))
      .map(([name, bytes]) => ({ name, kind: "bundle" as const, bytes, judge: bundleJudge(trust) })),
    { name: "all of them", kind: "evidence", bytes: evidence, judge: (bundle) => judged({ ...question, bundle }) },
    {
      name: "the policy that asks for all",
      kind: "policy",
      bytes: owners,
      isFree: true,
      judge(bytes) {
        const parsed = parsePolicy(bytes);
        if (!parsed.ok) return parsed.error.code;
        const again = unwrap(parsePolicy(utf8(canonicalJson(parsed.value))));
        if (canonicalJson(again) !== canonicalJson(parsed.value)) throw new Error("a policy read again is another");
        return judged({ ...question, policy: parsed.value });
      },
    },
    ...kinds(nowMs).map((kind) => statementSubject(kind, { ...question, policy: notary.policyFor(kind) }, notary)),
    {
      name: "the trusted root",
      kind: "trusted root",
      bytes: root,
      isFree: true,
      judge(bytes) {
        const parsed = parseTrustedRoot(bytes);
        return parsed.ok ? bundleJudge(parsed.value)(keyless) : parsed.error.code;
      },
    },
    runtimeSubject(fixtures),
  ];
}

function bundleJudge(trust: TrustedRoot): Subject["judge"] {
  return (bytes) => {
    const verified = verifyBundle(bytes, trust);
    if (!verified.ok) return verified.fault.code;
    const { signer, certificate, payload, signedTimesMs } = verified.evidence;
    const said = Buffer.from(payload).toString("base64");
    return { says: canonicalJson({ signer, certificate: { ...certificate }, said }), timesMs: signedTimesMs };
  };
}

function judged(input: JudgeInput): string | Meaning {
  const { accepted, evidence, provenance, signer, signedTimesMs, reasons } = judge(input);
  JSON.stringify(reasons);
  if (!accepted) return reasons.find((one) => !one.passed && one.code !== undefined)?.code ?? "refused";
  const held = evidence
    .filter((one) => one.holds)
    .map(({ predicateType = "", signers }) => canonicalJson({ predicateType, signers: [...signers] }));
  const says = canonicalJson({ held: [...new Set(held)].sort(), provenance: { ...provenance }, signer: { ...signer } });
  return { says, timesMs: signedTimesMs };
}

/** Signed well, so that the requirement looks at it whatever it says. */
function statementSubject(kind: Kind, question: JudgeInput, notary: Notary): Subject {
  return {
    name: kind.name,
    kind: "statement",
    bytes: kind.payload,
    isFree: true,
    judge(payload) {
      const verdict = judged({ ...question, bundle: notary.sign(payload) });
      const parsed = parseStatement(payload);
      if (!parsed.ok && typeof verdict !== "string") throw new Error("a statement that cannot be read is accepted");
      return typeof verdict === "string" ? verdict : { says: "", timesMs: [] };
    },
  };
}

/** Made anew each time, through the repositories of a scene: its signatures differ from run to run, its form does not. */
export async function proofSubject(): Promise<Subject> {
  const scene = await openScene();
  const { proof, demand } = scene;
  await scene.close();
  return {
    name: "an admission's proof",
    kind: "proof",
    bytes: proof,
    judge(bytes) {
      const verified = verifyProof(bytes, demand);
      return verified.ok ? { says: verified.value.digest, timesMs: [] } : verified.error.code;
    },
  };
}

function runtimeSubject({ runtime }: Fixtures): Subject {
  const reference = unwrap(parseReference(utf8(JSON.stringify(runtime.reference))));
  return {
    name: "a board's word",
    kind: "runtime attestation",
    bytes: decoded(runtime.envelope),
    judge(envelope) {
      const { status, statement, reasons } = appraise({ envelope, reference, before: undefined, nowMs: runtime.nowMs });
      if (statement === undefined) return reasons.find((one) => one.code !== undefined)?.code ?? status;
      return { says: `${status} ${canonicalJson(JSON.parse(JSON.stringify(statement)))}`, timesMs: [] };
    },
  };
}

const ISSUER = "https://token.actions.githubusercontent.com";
const SUBJECT =
  "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";

export function suitesFolder(): string | undefined {
  const beside = fileURLToPath(new URL("../../../../shared/data", import.meta.url));
  const folder = resolve(process.env["SALLYPORT_SUITES"] ?? beside);
  return existsSync(folder) ? folder : undefined;
}

/** Those of the suites that are accepted as they are. */
export function suiteSubjects(folder: string): readonly Subject[] {
  const good = unwrap(parseTrustedRoot(publicGoodRoot()));
  const slsa = readBundles(join(folder, "slsa")).map(({ name, bytes, artifact, signers }) =>
    real(name, bytes, good, artifact, signers),
  );
  const cases = join(folder, "sigstore/bundle-verify");
  const conformance = readdirSync(cases, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.endsWith("_fail"))
    .map(({ name }) => {
      const at = (file: string) => join(cases, name, file);
      const read = (file: string) => (existsSync(at(file)) ? readFileSync(at(file)) : undefined);
      const key = read("key.pub");
      const root = read("trusted_root.json");
      const issuer = read("issuer")?.toString().trim() ?? ISSUER;
      const subject = read("identity")?.toString().trim() ?? SUBJECT;
      const signers = key === undefined ? { identities: [{ issuer, subject }] } : { keys: [pinned(key.toString())] };
      const artifact = read("artifact") ?? readFileSync(join(cases, "a.txt"));
      const trust = root === undefined ? good : unwrap(parseTrustedRoot(root));
      return real(name, readFileSync(at("bundle.sigstore.json")), trust, artifact, signers);
    });
  return [...slsa, ...conformance].filter((one) => typeof one.judge(one.bytes) !== "string");
}

const pinned = (pem: string) => unwrap(parsePinnedKey(pem));

function real(name: string, bytes: Uint8Array, trust: TrustedRoot, artifact: Uint8Array, signers: Signers): Subject {
  return {
    name,
    kind: "bundle",
    bytes,
    judge(mutant) {
      const verified = verifyArtifact(mutant, trust, { bytes: artifact }, signers);
      if (!verified.ok) return verified.error.code;
      const { signer, statement, signedTimesMs } = verified.value;
      return { says: JSON.stringify({ signer, statement }), timesMs: signedTimesMs };
    },
  };
}
