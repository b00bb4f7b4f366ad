/**
 * The times in a proof are the board's word; they have at least to fit together. Metadata of one year and a judgement of
 * another would put a certificate of today to what was assigned long ago, or revive one that has ended.
 */
import { fromUtf8 } from "../../runtime/kernel/bytes.ts";
import { err, ok, type Result } from "../../runtime/kernel/result.ts";
import type { TrustedView } from "../../updater/index.ts";
import { fault } from "./faults.ts";
import { bytesOf, type Proof } from "./format.ts";
import type { Roots } from "./release.ts";

type Versions = TrustedView["versions"];

/** Refuses with PROOF_TIME. The metadata has been verified; gives when the first of its files ends, RFC 3339. */
export function checkTimes(proof: Proof, roots: Roots, versions: Versions): Result<string> {
  const { refreshedMs, judgedMs, floorMs } = proof.time;
  const until = firstEnd(proof, roots, versions);
  const refuse = (reason: string) => err(fault("PROOF_TIME", { reason }));
  if (floorMs > refreshedMs) return refuse(`it was ${at(refreshedMs)} when ${at(floorMs)} had been seen already`);
  if (judgedMs < refreshedMs) return refuse(`judged ${at(judgedMs)}, before the metadata was seen, ${at(refreshedMs)}`);
  if (judgedMs >= Date.parse(until)) return refuse(`judged ${at(judgedMs)}, by metadata that ended ${until}`);
  return ok(until);
}

function firstEnd({ chain }: Proof, roots: Roots, versions: Versions): string {
  const ends = (["image", "director"] as const).flatMap((repository) => {
    const { roots: later, timestamp, snapshot, targets, delegated } = chain[repository];
    const files = [timestamp, snapshot, targets, ...delegated.map(({ bytes }) => bytes)].map(bytesOf);
    const known = [roots[repository], ...later.map(bytesOf)].map(signedOf);
    const inForce = known.findLast(({ version }) => version === versions[repository].root);
    return [...(inForce === undefined ? [] : [inForce]), ...files.map(signedOf)].map(({ expires }) => expires);
  });
  return ends.reduce((first, one) => (Date.parse(one) < Date.parse(first) ? one : first));
}

/** Passed by the updater before: its form is known. */
function signedOf(file: Uint8Array): { readonly version: number; readonly expires: string } {
  return JSON.parse(fromUtf8(file) ?? "").signed;
}

function at(ms: number): string {
  return new Date(ms).toISOString();
}
