/**
 * Real and deliberately broken bundles of sigstore-conformance and slsa-verifier, read from SALLYPORT_SUITES (default
 * ../shared/data beside the repository), as door two sees them: it takes attestations only. Bare signed bytes and bare
 * keys are the conformance suite's (test/conformance/sigstore).
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parseTrustedRoot, verifyBundle } from "../../../attest/index.ts";
import { parseProvenance } from "../../../attest/provenance.ts";
import { checkSubjects, parseStatement } from "../../../attest/statement.ts";
import { sha256, sha512 } from "../../../runtime/kernel/digest.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { publicGoodRoot } from "../../conformance/sigstore/seed.ts";

const { SALLYPORT_SUITES = "../shared/data" } = process.env;
const SUITES = resolve(import.meta.dirname, "../../..", SALLYPORT_SUITES);
const CASES = join(SUITES, "sigstore/bundle-verify");
const SLSA = join(SUITES, "slsa");
const ISSUER = "https://token.actions.githubusercontent.com";
const SUBJECT =
  "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";

const absent = (what: string) => !existsSync(what);
const said = (missing: boolean, name: string) => (missing ? ` (SKIPPED: ${name} is not there)` : "");
const noCases = absent(CASES);
const noSlsa = absent(SLSA);

interface Case {
  readonly name: string;
  readonly bundle: Buffer;
  readonly root: Uint8Array;
  read(file: string): Buffer | undefined;
}

function cases(): readonly Case[] {
  return readdirSync(CASES, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => {
      const path = (file: string) => join(CASES, name, file);
      const read = (file: string) => (existsSync(path(file)) ? readFileSync(path(file)) : undefined);
      const root = read("trusted_root.json") ?? publicGoodRoot();
      return { name, bundle: readFileSync(path("bundle.sigstore.json")), root, read };
    });
}

/** A case is passed if root, bundle, identity and subject all hold: what `judge` asks before it asks the policy. */
function holds({ bundle, root, read }: Case): boolean {
  const trust = parseTrustedRoot(root);
  const verified = trust.ok ? verifyBundle(bundle, trust.value) : undefined;
  if (!verified?.ok) return false;
  const { signer, payload } = verified.evidence;
  const named = (file: string, otherwise: string) => read(file)?.toString().trim() ?? otherwise;
  if (signer.issuer !== named("issuer", ISSUER) || signer.subject !== named("identity", SUBJECT)) return false;
  const bytes = read("artifact") ?? readFileSync(join(CASES, "a.txt"));
  const artifact = { name: "artifact", sha256: sha256(bytes), sha512: sha512(bytes) };
  const statement = parseStatement(payload);
  return statement.ok && checkSubjects(statement.value.subject, [artifact]).ok;
}

describe(`sigstore-conformance${said(noCases, CASES)}`, () => {
  it.skipIf(noCases)("accepts the good envelopes and refuses the broken ones", () => {
    const envelopes = cases().filter((one) => one.bundle.includes('"dsseEnvelope"'));
    expect(envelopes.length).toBeGreaterThanOrEqual(10);
    const wrong = envelopes.filter((one) => holds(one) === one.name.endsWith("_fail")).map((one) => one.name);
    expect(wrong).toEqual([]);
  });

  it.skipIf(noCases)("refuses the trusted root without a start of validity and accepts the others", () => {
    const roots = cases().filter((one) => one.read("trusted_root.json") !== undefined);
    expect(roots.length).toBeGreaterThanOrEqual(30);
    const refused = roots.filter((one) => !parseTrustedRoot(one.root).ok).map((one) => one.name);
    expect(refused).toEqual(["trust-root-tlog-missing-validity-start_fail"]);
  });

  it.skipIf(noCases)("refuses every bundle that signs bare bytes, whatever it says", () => {
    const bare = cases().filter((one) => one.bundle.includes('"messageSignature"'));
    expect(bare.length).toBeGreaterThanOrEqual(20);
    expect(bare.filter(holds).map((one) => one.name)).toEqual([]);
  });
});

describe(`slsa-verifier's real bundles${said(noSlsa, SLSA)}`, () => {
  it.skipIf(noSlsa)("read as provenance that names its source and covers its artifact", () => {
    const folder = join(SLSA, "gha_container-based/v2.1.0");
    const names = readdirSync(folder).filter((name) => name.endsWith(".intoto.build.slsa"));
    expect(names.length).toBeGreaterThan(0);
    const trust = unwrap(parseTrustedRoot(publicGoodRoot()));
    for (const name of names) {
      const verified = verifyBundle(readFileSync(join(folder, name)), trust);
      if (!verified.ok) throw verified.fault;
      const statement = unwrap(parseStatement(verified.evidence.payload));
      const bytes = readFileSync(join(folder, name.replace(".intoto.build.slsa", "")));
      expect(checkSubjects(statement.subject, [{ name, sha256: sha256(bytes) }]).ok, name).toBe(true);
      expect(unwrap(parseProvenance(statement.predicate)).sourceUri, name).toMatch(/^git\+https:\/\/github\.com\//);
    }
  });

  it.skipIf(noSlsa)("of npm hold unless their signature was damaged, and cover the package by SHA-512", () => {
    const folder = join(SLSA, "npm/gha");
    const trust = unwrap(parseTrustedRoot(publicGoodRoot()));
    for (const name of readdirSync(folder).filter((one) => one.endsWith(".json"))) {
      const { attestations } = JSON.parse(readFileSync(join(folder, name), "utf8"));
      const provenance = attestations.find((one: { predicateType: string }) => one.predicateType.includes("slsa.dev"));
      const verified = verifyBundle(Buffer.from(JSON.stringify(provenance.bundle)), trust);
      expect(verified.ok, name).toBe(!name.includes("invalidsigprov"));
      if (!verified.ok) continue;
      const bytes = readFileSync(join(folder, name.replace(/\.json$/, "")));
      const artifact = { name, sha256: sha256(bytes), sha512: sha512(bytes) };
      expect(checkSubjects(unwrap(parseStatement(verified.evidence.payload)).subject, [artifact]).ok, name).toBe(true);
    }
  });
});
