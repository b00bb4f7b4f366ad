/** Revoked trust: who or what the owner believes no more is presented again, or hidden among what is believed. */
import { describe, expect, it } from "vitest";
import { flags } from "../../../attest/index.ts";
import { about, envelope, lines, newSigner, provenanceBy } from "../../unit/attest/own-keys.ts";
import { ARTIFACTS, BUILDER, IDENTITY, type Json, SUBJECT, statement } from "../../unit/attest/release.ts";
import { accepts, door, keylessPolicy, keyPolicy, PROVENANCE, refuses, requiring } from "./door.ts";

const at = door();
const [code, manifest] = ARTIFACTS;
const [ci, qa] = [newSigner(), newSigner()];
const entry = (culprit: object, running = "stop") => ({ reason: "it was stolen", running, ...culprit });
const revoking = (...revoked: readonly object[]) => ({ revoked });
const OF_TAGS = { issuer: IDENTITY.issuer, subjectPattern: SUBJECT.replace("refs/heads/main", "refs/heads/*") };

describe("what the owner believes no more", () => {
  it.each<[string, object, string]>([
    ["an identity", { identity: IDENTITY }, SUBJECT],
    ["an identity by a pattern", { identity: OF_TAGS }, SUBJECT],
    ["a builder", { builder: BUILDER }, `builder ${BUILDER}`],
    ["the code", { digest: code.sha256 }, `module.wasm (sha256 ${code.sha256})`],
    ["the manifest", { digest: manifest.sha256 }, `manifest.json (sha256 ${manifest.sha256})`],
  ])("admits nothing new, whether it stops or flags what runs: %s", (_, culprit, what) => {
    accepts(at.ask(at.honest, { policy: keylessPolicy() }));
    const said = `the policy believes ${what} no more: it was stolen`;
    for (const running of ["stop", "flag"]) {
      const policy = keylessPolicy(revoking(entry(culprit, running)));
      refuses(at.ask(at.honest, { policy }), "ATTEST_REVOKED", "attack", said);
    }
  });

  it("admits nothing new: a key, in an envelope of its own or copied beside other kinds of evidence", async () => {
    const policy = keyPolicy([ci, qa], revoking(entry({ key: ci.keyId })));
    const said = `the policy believes key ${ci.keyId} no more: it was stolen`;
    refuses(at.ask(await provenanceBy(ci), { policy }), "ATTEST_REVOKED", "attack", said);
    refuses(at.ask(lines(at.honest, await provenanceBy(ci)), { policy }), "ATTEST_REVOKED", "attack", said);
    accepts(at.ask(await provenanceBy(ci, qa), { policy }));
    accepts(at.ask(lines(await provenanceBy(ci), await provenanceBy(qa)), { policy }));
  });

  it("does not count towards a threshold, though its party may have other keys", async () => {
    const parties = [
      { name: "ci", keys: [ci.publicPem] },
      { name: "qa", keys: [qa.publicPem] },
    ];
    const require = [{ ...PROVENANCE, parties: ["ci", "qa"], threshold: 2 }];
    const both = await provenanceBy(ci, qa);
    accepts(at.ask(both, { policy: requiring(require, { parties }) }));
    const policy = requiring(require, { parties, ...revoking(entry({ key: ci.keyId })) });
    const said = "1 of 2 parties have signed what is asked for; missing: ci";
    refuses(at.ask(both, { policy }), "ATTEST_THRESHOLD", "refusal", said);
  });

  it("is not hidden behind provenance that nobody can read", async () => {
    const type = "https://slsa.dev/provenance/v1";
    const honest: Json = JSON.parse(Buffer.from(statement()).toString());
    const asked = { type: "predicate", predicateTypes: [type], keys: [ci.publicPem] };
    const policy = requiring([asked], revoking(entry({ builder: BUILDER })));
    const garbled = { ...honest.predicate, buildDefinition: { buildType: "x" } };
    const hidden = await envelope(about(type, garbled), ci);
    accepts(at.ask(hidden, { policy: requiring([asked]) }));
    refuses(at.ask(hidden, { policy }), "ATTEST_PROVENANCE_INVALID", "refusal", /^the provenance cannot be read: /);
  });

  it("stops what runs when one entry says so, wherever a milder one stands", () => {
    const stop = entry({ identity: IDENTITY });
    const mild = entry({ identity: OF_TAGS }, "flag");
    const milder = entry({ builder: BUILDER }, "flag");
    accepts(at.ask(at.honest, { policy: keylessPolicy(revoking(mild, milder)), running: true }));
    for (const revoked of [[stop], [mild, stop], [stop, mild], [milder, stop], [milder, mild, stop]]) {
      const verdict = at.ask(at.honest, { policy: keylessPolicy({ revoked }), running: true });
      refuses(verdict, "ATTEST_REVOKED", "attack", `the policy believes ${SUBJECT} no more: it was stolen`);
    }
    const files = [entry({ digest: code.sha256 }, "flag"), entry({ digest: manifest.sha256 })];
    const said = `the policy believes manifest.json (sha256 ${manifest.sha256}) no more: it was stolen`;
    const verdict = at.ask(at.honest, { policy: keylessPolicy({ revoked: files }), running: true });
    refuses(verdict, "ATTEST_REVOKED", "attack", said);
  });

  it("stops nothing that runs when all entries only flag, also where others have signed the same envelope", async () => {
    const parties = [
      { name: "ci", keys: [ci.publicPem] },
      { name: "qa", keys: [qa.publicPem] },
    ];
    const require = [{ ...PROVENANCE, parties: ["ci", "qa"], threshold: 2 }];
    const policy = requiring(require, { parties, ...revoking(entry({ key: ci.keyId }, "flag")) });
    for (const evidence of [await provenanceBy(ci, qa), lines(await provenanceBy(ci), await provenanceBy(qa))]) {
      const verdict = at.ask(evidence, { policy, running: true });
      accepts(verdict);
      expect(flags(verdict).map((one) => one.line())).toEqual([
        `ATTEST_REVOKED: the policy believes key ${ci.keyId} no more: it was stolen`,
      ]);
      expect(at.ask(evidence, { policy }).accepted).toBe(false);
    }
  });
});
