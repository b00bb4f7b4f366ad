/** Digests of bytes and of canonical documents, as lower-case hex. */
import { createHash } from "node:crypto";
import type { Sha256 } from "./brand.ts";
import { utf8 } from "./bytes.ts";
import { canonicalJson } from "./canonical.ts";

export function sha256(bytes: Uint8Array): Sha256 {
  return createHash("sha256").update(bytes).digest("hex") as Sha256;
}

export function sha512(bytes: Uint8Array): string {
  return createHash("sha512").update(bytes).digest("hex");
}

/** The digest that names a document (a policy, a set of grants) independent of its layout. */
export function documentDigest(document: unknown): Sha256 {
  return sha256(utf8(canonicalJson(document)));
}

/** A digest that is fed piece by piece, so that a download is hashed on its way to the disk. */
export function sha256Stream(): { update(bytes: Uint8Array): void; digest(): Sha256 } {
  const hash = createHash("sha256");
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest("hex") as Sha256 };
}
