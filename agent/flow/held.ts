/**
 * What the owner's policy says of a release that is on the board, by the bytes that are on the board: neither what the
 * director wants next, nor whether the repository still lists the release, has a part in it. Whoever holds the director's
 * keys could otherwise keep revoked code running by assigning something that no door lets in.
 */
import { firstRefusal, flags, revokedFile } from "../../attest/index.ts";
import { releasePaths } from "../../runtime/kernel/authority/manifest.ts";
import type { Fault } from "../../runtime/kernel/fault.ts";
import { err, ok, type Result } from "../../runtime/kernel/result.ts";
import { type AdmitContext, meetTerms, questionOf } from "./admit.ts";
import type { Release } from "./inventory.ts";

export type HeldContext = Pick<AdmitContext, "device" | "policy" | "trust" | "judge" | "updater" | "now">;

export interface Held {
  /** With what it may do under this policy: never more than the grants with which it was admitted. */
  readonly release: Release;
  /** What the owner only wants to know of it. */
  readonly flags: readonly Fault[];
}

/** Refuses with the code of the judge's first refusal. */
export async function judgeHeld(release: Release, context: HeldContext): Promise<Result<Held, Fault>> {
  const question = questionOf(release.manifest, release, context);
  const evidence = await evidenceOf(release, context);
  if (evidence === undefined) {
    // Its evidence cannot be read here: then only what is said of its files themselves can be heeded.
    const revoked = revokedFile(question.artifacts, context.policy);
    if (revoked?.running === "stop") return err(revoked.fault);
    return ok({ release: underTerms(release, context), flags: revoked === undefined ? [] : [revoked.fault] });
  }
  const nowMs = Math.floor(context.now());
  const verdict = context.judge({ ...question, bundle: evidence, nowMs, running: true });
  if (!verdict.accepted) return err(firstRefusal(verdict));
  return ok({ release: underTerms(release, context), flags: flags(verdict) });
}

function underTerms(release: Release, context: HeldContext): Release {
  const { engine, meet } = meetTerms(release.manifest, release, context);
  return { ...release, engine, capabilities: meet.effective };
}

async function evidenceOf(release: Release, { updater }: HeldContext): Promise<Uint8Array | undefined> {
  const { team, name, version, bundleSha256: sha256, bundleSize: length } = release;
  if (length === undefined) return undefined;
  const { bundle: path } = releasePaths(team, name, version);
  const read = await updater.fetchTarget({ path, length, sha256, custom: undefined, repository: "image" });
  return read.ok ? read.value : undefined;
}
