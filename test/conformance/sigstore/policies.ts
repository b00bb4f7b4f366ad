/**
 * Twenty policies of owners who know these publishers, over every real bundle: who gets in, and why not the others. Each
 * names by hand whom it must accept; the committed table has the code of every other one.
 */
import { firstRefusal, judge, type Policy, parsePolicy, parseTrustedRoot } from "../../../attest/index.ts";
import type { Sha256 } from "../../../runtime/kernel/brand.ts";
import { concatBytes, utf8 } from "../../../runtime/kernel/bytes.ts";
import { sha256, sha512 } from "../../../runtime/kernel/digest.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { OWNERS } from "./owners.ts";
import { publicGoodRoot } from "./seed.ts";
import { type Bundle, readBundles } from "./slsa.ts";
import type { Row } from "./verdicts.ts";

/** The day on which all are judged, unless an owner says another. */
const NOW_MS = Date.parse("2026-11-21T00:00:00Z");

export function judgeOwners(folder: string): readonly Row[] {
  const trust = unwrap(parseTrustedRoot(publicGoodRoot()));
  const bundles = withPairs(readBundles(folder));
  return OWNERS.flatMap(({ name, policy, accepts, nowMs = NOW_MS, capabilities }) => {
    const parsed: Policy = unwrap(parsePolicy(utf8(JSON.stringify({ ...EMPTY, ...policy }))));
    return bundles.map((bundle): Row => {
      const verdict = judge({
        bundle: bundle.bytes,
        artifacts: [
          { name: "the artifact", sha256: sha256(bundle.artifact) as Sha256, sha512: sha512(bundle.artifact) },
        ],
        module: {
          team: "acme",
          name: "app",
          version: "1.0.0",
          ...(capabilities === undefined ? {} : { capabilities }),
        },
        device: { id: "board-1", class: "gateway", region: "eu" },
        policy: parsed,
        trust,
        nowMs,
      });
      const wanted = accepts.some((one) => one.test(bundle.name));
      const code = verdict.accepted ? "OK" : firstRefusal(verdict).code;
      const says = wanted ? `must be accepted, is ${code}` : "must be refused and is accepted";
      return { name: `${name} / ${bundle.name}`, verdict: code, isRight: verdict.accepted === wanted, says };
    });
  });
}

const EMPTY = { schema: "sallyport.policy/1", version: 1, evidence: [], ceilings: [], operators: [] };

/** npm answers with both attestations of a package: one evidence file of two lines, as it is. */
function withPairs(bundles: readonly Bundle[]): readonly Bundle[] {
  const pairs = bundles.flatMap((one) => {
    if (!one.name.endsWith("#provenance")) return [];
    const other = bundles.find(({ name }) => name === one.name.replace("#provenance", "#publish"));
    if (other === undefined) return [];
    const bytes = concatBytes(one.bytes, utf8("\n"), other.bytes);
    return [{ ...one, name: one.name.replace("#provenance", "#both"), bytes }];
  });
  return [...bundles, ...pairs];
}
