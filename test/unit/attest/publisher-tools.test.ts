/**
 * Attestations by npm, GitHub's generators and Sigstore's clients, looked at and put into evidence files without any
 * conversion. Read from SALLYPORT_SUITES (default ../shared/data beside the repository).
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { describeEvidence, type EvidenceSource, mergeEvidence } from "../../../attest/publisher/index.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";

const { SALLYPORT_SUITES = "../shared/data" } = process.env;
const SUITES = resolve(import.meta.dirname, "../../..", SALLYPORT_SUITES);

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("utf8");
const merged = (...files: readonly Uint8Array[]) =>
  mergeEvidence(files.map((bytes, index): EvidenceSource => ({ name: `file-${index + 1}`, bytes })));
const refusal = (file: Uint8Array) => {
  const made = merged(file);
  return made.ok ? "accepted" : made.error.line();
};

const slsa = join(SUITES, "slsa");
const noSlsa = !existsSync(slsa);
const read = (...names: string[]) => new Uint8Array(readFileSync(join(slsa, ...names)));
const skipped = noSlsa ? " (SKIPPED: slsa is not there)" : "";

describe.skipIf(noSlsa)(`files of other tools, as they are${skipped}`, () => {
  const files = noSlsa ? [] : readdirSync(slsa, { recursive: true, encoding: "utf8" }).sort();
  const npm = files.filter((name) => /\.tgz\.json$/.test(name) && !name.includes("invalidsig"));
  const github = files.filter((name) => /\.slsa$|v14\.2\.intoto\.jsonl$/.test(name));
  const bare = files.filter((name) => /^[\w-]+\.intoto\.jsonl$/.test(name));

  it("are there", () => {
    expect([npm.length, github.length, bare.length]).toEqual([5, 9, 2]);
  });

  it.each(npm)("npm's answer %s is two attestations", (name) => {
    const described = unwrap(describeEvidence(read(name)));
    expect(described.map((one) => one.predicateType)).toEqual([
      "https://github.com/npm/attestation/tree/main/specs/publish/v0.1",
      expect.stringMatching(/^https:\/\/slsa\.dev\/provenance\/v/),
    ]);
    expect(described.flatMap((one) => one.problems)).toEqual([]);
    const file = unwrap(merged(read(name)));
    expect(unwrap(describeEvidence(file))).toEqual(described);
  });

  it.each(github)("the GitHub generator's %s is one attestation", (name) => {
    const [one, ...others] = unwrap(describeEvidence(read(name)));
    expect(others).toEqual([]);
    expect(one).toMatchObject({
      signers: [{ issuer: "https://token.actions.githubusercontent.com" }],
      certificate: { sourceRepositoryUri: expect.stringMatching(/^https:\/\/github\.com\//) },
      predicateType: expect.stringMatching(/^https:\/\/slsa\.dev\/provenance\/v/),
      problems: [],
    });
    expect(text(unwrap(merged(read(name)))).trim()).toBe(text(read(name)).trim());
  });

  it.each(bare)("the old envelope %s is shown, and taken into no file: it has no verifiable time", (name) => {
    expect(unwrap(describeEvidence(read(name)))[0]?.problems.join()).toContain("no verifiable time");
    expect(refusal(read(name))).toContain("ATTEST_NO_TIME");
  });

  it("go together into one file, each line what it was", () => {
    const sources = [...npm, ...github].slice(0, 11).map((name) => ({ name, bytes: read(name) }));
    const file = unwrap(mergeEvidence(sources));
    expect(unwrap(describeEvidence(file))).toHaveLength(16);
  });
});

const cases = join(SUITES, "sigstore", "bundle-verify");
const noCases = !existsSync(cases);

describe.skipIf(noCases)(`bundles of Sigstore's clients${noCases ? " (SKIPPED: sigstore is not there)" : ""}`, () => {
  const names = noCases
    ? []
    : readdirSync(cases).filter((name) => existsSync(join(cases, name, "bundle.sigstore.json")));

  it("are shown without exception, and taken where boards would read them", () => {
    expect(names.length).toBeGreaterThan(60);
    const taken: string[] = [];
    for (const name of names) {
      const bytes = new Uint8Array(readFileSync(join(cases, name, "bundle.sigstore.json")));
      const described = describeEvidence(bytes);
      if (!described.ok) continue;
      expect(described.value.length, name).toBe(1);
      if (merged(bytes).ok) taken.push(name);
    }
    expect(taken).toContain("intoto-with-custom-trust-root");
  });
});
