/**
 * What a signer has seen and signed, kept on the signer's own machine: the newest version of each role with the digest
 * of its signed bytes. With it a signer refuses what does not follow: an older repository brought back, or a second
 * document under a version that was already signed.
 */
import { sha256Hex, type TenantId, tenantId } from "../../runtime/kernel/brand.ts";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { type Result, unwrap } from "../../runtime/kernel/result.ts";
import { type Infer, integer, object, oneOf, parseJson, record, string } from "../../runtime/kernel/shape.ts";
import type { RepositoryName } from "../client/header.ts";
import { fault } from "./faults.ts";
import { signedDigest } from "./metadata.ts";
import type { Document } from "./quorum.ts";
import type { SigningFile } from "./signing-file.ts";

export const KNOWN_BYTES_MAX = 1_000_000;

const seenShape = object({ version: integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), digest: sha256Hex });
const knownShape = object({
  schema: oneOf("sallyport.known/1"),
  tenant: tenantId,
  /** By `image root`, `image targets`, … */
  seen: record(string({ max: 100 }), seenShape, { max: 4_000 }),
});
export type Known = Infer<typeof knownShape>;

export function parseKnown(bytes: Uint8Array, what: string): Result<Known> {
  return parseJson(knownShape, bytes, what, KNOWN_BYTES_MAX);
}

export function knownBytes(known: Known): Uint8Array {
  return utf8(`${JSON.stringify(known, null, 1)}\n`);
}

/** A memory that has seen nothing. */
export function nothingKnown(tenant: TenantId): Known {
  return { schema: "sallyport.known/1", tenant, seen: {} };
}

/**
 * What will be known after `signed` documents of a file are signed. Throws REPO_NOT_SUCCESSOR when the file does not
 * follow from what is known; `replace` lets a version be signed again with other content.
 */
export function follow(known: Known, file: SigningFile, signed: readonly Document[], replace: boolean): Known {
  const refuse = (role: string, version: number, reason: string) =>
    fault("REPO_NOT_SUCCESSOR", { role, version, reason });
  if (known.tenant !== file.tenant) throw refuse("root", 0, `it is of tenant ${file.tenant}, known is ${known.tenant}`);
  const seen: Record<string, Known["seen"][string]> = { ...known.seen };
  const place = (name: string, version: number, digestOf: (version: number) => string | undefined) => {
    const before = Object.hasOwn(known.seen, name) ? known.seen[name] : undefined;
    if (before === undefined) return;
    const there = digestOf(before.version);
    if (before.version > version + 1) throw refuse(name, version, `version ${before.version} was seen before`);
    const isProposed = before.version === version + 1;
    if (there === undefined || there === before.digest || (isProposed && replace)) return;
    throw refuse(name, before.version, "another document was seen under this version");
  };
  for (const repository of ["image", "director"] as const satisfies readonly RepositoryName[]) {
    const chain = file.standing.chains[repository];
    const proposed = file.documents.find((one) => one.role === "root" && one.repository === repository);
    const all = [...chain, ...(proposed === undefined ? [] : [proposed.metadata])];
    place(`${repository} root`, chain.length, (version) => {
      const found = all[version - 1];
      return found === undefined ? undefined : signedDigest(found);
    });
    const newest = chain.at(-1);
    // A root that was signed and is not in force yet stays known.
    if (newest !== undefined && (seen[`${repository} root`]?.version ?? 0) <= chain.length)
      seen[`${repository} root`] = { version: chain.length, digest: signedDigest(newest) };
  }
  for (const document of file.documents) {
    if (document.role === "root") continue;
    const current = file.standing.roles.get(document.role);
    const version = current?.signed.version ?? 0;
    place(`image ${document.role}`, version, (of) => {
      if (of === version && current !== undefined) return signedDigest(current);
      return of === version + 1 ? signedDigest(document.metadata) : undefined;
    });
  }
  for (const { repository, role, metadata } of signed) {
    seen[`${repository} ${role}`] = { version: metadata.signed.version, digest: signedDigest(metadata) };
  }
  // Parsed as it will be read: bounds hold when it is written.
  return unwrap(parseKnown(knownBytes({ ...known, seen }), "what is known"));
}
