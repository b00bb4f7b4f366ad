/**
 * Verifies kept metadata files offline, by anybody: the same checks as a refresh, from the same pinned root, at a
 * stated time and without network or disk. What a proof bundle's reader runs.
 */
import type { DeviceId } from "../../runtime/kernel/brand.ts";
import { attemptSync, type Result } from "../../runtime/kernel/result.ts";
import { restore } from "./refresh.ts";
import type { RepositoryFiles } from "./trust.ts";
import { makeView, raiseFloors, type TrustedView } from "./view.ts";

export interface ChainClaim {
  readonly image: { readonly root: Uint8Array; readonly files: RepositoryFiles };
  readonly director: { readonly root: Uint8Array; readonly files: RepositoryFiles };
  readonly device: DeviceId;
  /** When it is said to have been current, ms: expiry is judged against this. */
  readonly at: number;
}

/** The view that these files give, or the first refusal. */
export function verifyChain(claim: ChainClaim): Result<TrustedView> {
  const { at, device } = claim;
  return attemptSync(() => {
    const director = { repository: "director", pinned: claim.director.root, device, at } as const;
    const image = { repository: "image", pinned: claim.image.root, at } as const;
    const directed = restore(director, claim.director.files);
    const released = restore(image, claim.image.files);
    return makeView(released, directed, raiseFloors(new Map(), released, directed));
  });
}
