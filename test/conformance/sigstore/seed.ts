/**
 * The public-good trusted root and npm's signing keys, out of the copy that the Sigstore TUF client is born with
 * (`@sigstore/tuf`, a development dependency read as data). Nothing is fetched.
 */
import { createRequire } from "node:module";
import { type PinnedKey, parsePinnedKey } from "../../../attest/index.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { array, object, optional, parseShape, record, string } from "../../../runtime/kernel/shape.ts";

const REPOSITORY = "https://tuf-repo-cdn.sigstore.dev";
const text = string({ min: 1, max: 1_000_000 });
const seeds = record(text, object({ "root.json": text, targets: record(text, text, { max: 16 }) }), { max: 8 });
const npmKeys = object({
  keys: array(
    object({
      keyId: text,
      keyUsage: text,
      publicKey: object({
        rawBytes: text,
        keyDetails: text,
        validFor: object({ start: text, end: optional(text) }),
      }),
    }),
    { max: 32 },
  ),
});

export function publicGoodRoot(): Uint8Array {
  return target("trusted_root.json");
}

/** The keys with which the npm registry signs that it published a package. */
export function npmPublishKeys(): readonly PinnedKey[] {
  const { keys } = unwrap(parseShape(npmKeys, JSON.parse(target("registry.npmjs.org%2Fkeys.json").toString()), "keys"));
  return keys
    .filter((one) => one.keyUsage === "npm:attestations")
    .map(({ keyId, publicKey: { rawBytes, validFor } }) => {
      const to = validFor.end === undefined ? Number.MAX_SAFE_INTEGER : Date.parse(validFor.end);
      const validMs = { from: Date.parse(validFor.start), to };
      return unwrap(parsePinnedKey(Buffer.from(rawBytes, "base64"), { hint: keyId, validMs }));
    });
}

function target(name: string): Buffer {
  const read: unknown = createRequire(import.meta.url)("@sigstore/tuf/seeds.json");
  const content = unwrap(parseShape(seeds, read, "the seed"))[REPOSITORY]?.targets[name];
  if (content === undefined) throw new Error(`the seed of @sigstore/tuf has no ${name}`);
  return Buffer.from(content, "base64");
}
