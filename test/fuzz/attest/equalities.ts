/**
 * The places in accepted documents that may be changed, each with the reason why the document then still says the same.
 * A mutant that is accepted and differs anywhere else is a finding: somebody could change what nobody signed.
 */
import { plain } from "./der.ts";
import { documentsOf, readTree } from "./mutate.ts";

interface Equality {
  /** Matches a path like `.verificationMaterial.tlogEntries[].logIndex`. */
  readonly at: RegExp;
  readonly reason: string;
  /** Whether these two say the same there; absent is undefined. */
  same(before: unknown, after: unknown): boolean;
}

const isText = (value: unknown): value is string => typeof value === "string";
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const isAbsent = (value: unknown) => value === undefined || value === null;
const sameDer = (before: unknown, after: unknown) =>
  isText(before) && isText(after) && plain(Buffer.from(before, "base64")) === plain(Buffer.from(after, "base64"));

/** Every item of `after` is one of `before`. */
const isPartOf = (before: readonly unknown[], after: readonly unknown[], at: string) =>
  after.every((one) => before.some((other) => unexplained(other, one, at).length === 0));

const headOf = (note: unknown) => (isText(note) ? note.split("\n\n")[0] : undefined);

export const EQUALITIES: readonly Equality[] = [
  {
    at: /^\.mediaType$/,
    reason: "another version of the format: it says which parts must be there, and each part that is there is verified",
    same: () => true,
  },
  {
    at: /^\.verificationMaterial\.publicKey(?:\.hint)?$/,
    reason: "the hint only helps to find the key, which the policy names",
    same: (_, after) => !isAbsent(after),
  },
  {
    at: /\.signatures\[\]\.keyid$/,
    reason: "the keyid only helps to find the key, DSSE does not sign it; in a bundle it is empty or the key's hint",
    same: () => true,
  },
  {
    at: /\.x509CertificateChain\.certificates$/,
    reason: "only the signer's certificate is used of a chain; issuers are the trusted root's",
    same: (before, after) =>
      listOf(after).length > 0 && unexplained(listOf(before)[0], listOf(after)[0], `${CHAIN}[]`).length === 0,
  },
  {
    at: /\.(?:rawBytes|signedEntryTimestamp|sig|signature)$/,
    reason: "the other form of an ECDSA signature, which holds as well",
    same: sameDer,
  },
  {
    at: /\.signedTimestamp$/,
    reason: "the other form of an ECDSA signature; or the token's embedded certificates, which nobody signs or reads",
    same: sameDer,
  },
  {
    at: /^\.verificationMaterial\.tlogEntries$/,
    reason: "fewer log entries, or another order of the same",
    same: (before, after) => isPartOf(listOf(before), listOf(after), `${MATERIAL}.tlogEntries[]`),
  },
  {
    at: /\.rfc3161Timestamps$/,
    reason: "fewer timestamps, or another order of the same",
    same: (before, after) =>
      isPartOf(listOf(before), listOf(after), `${MATERIAL}.timestampVerificationData.rfc3161Timestamps[]`),
  },
  {
    at: /\.(?:inclusionPromise|inclusionProof|timestampVerificationData)$/,
    reason: "null and absent are one in protobuf's JSON",
    same: (before, after) => isAbsent(before) && isAbsent(after),
  },
  {
    at: /\.timestampVerificationData$/,
    reason: "no timestamps, where the log vouches for a time",
    same: (before, after) => isAbsent(after) || isAbsent(before),
  },
  {
    at: /\.inclusionProof$/,
    reason: "the log's promise without a proof, as version 0.1 allows",
    same: (_, after) => isAbsent(after),
  },
  {
    at: /\.(?:logIndex|integratedTime)$/,
    reason: "zero and absent are one in protobuf's JSON",
    same: (before, after) => (before ?? "0") === (after ?? "0"),
  },
  {
    at: /\.hashes$/,
    reason: "an empty list and absent are one in protobuf's JSON",
    same: (before, after) => listOf(before).length === 0 && listOf(after).length === 0,
  },
  {
    at: /\.checkpoint\.envelope$/,
    reason:
      "signatures under the same checkpoint: witnesses' that no trusted root names, or the other form of the log's",
    same: (before, after) => headOf(before) === headOf(after),
  },
  {
    at: /^\.signatures$/,
    reason: "more signatures on a plain envelope: those of keys that the policy does not name are not counted (DSSE)",
    same: (before, after) =>
      listOf(before).every((one) =>
        listOf(after).some((other) => unexplained(one, other, ".signatures[]").length === 0),
      ),
  },
];
const MATERIAL = ".verificationMaterial";
const CHAIN = `${MATERIAL}.x509CertificateChain.certificates`;

export const SPELLING = "JSON's white space, order of names and escapes";
export const FURTHER = "further documents of the file, which do not hold or say what others in it say";

export interface Difference {
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** Where two trees differ and nothing on the list says why they may. `used` collects the reasons of the list. */
function unexplained(before: unknown, after: unknown, path: string, used = new Set<string>()): readonly Difference[] {
  if (before === after || JSON.stringify(before) === JSON.stringify(after)) return [];
  const within = differencesWithin(before, after, path, used);
  if (within?.length === 0) return [];
  const found = EQUALITIES.find((one) => one.at.test(path) && one.same(before, after));
  if (found === undefined) return within ?? [{ path, before, after }];
  used.add(found.reason);
  return [];
}

/** Undefined where the two are not of one form. */
function differencesWithin(before: unknown, after: unknown, path: string, used: Set<string>) {
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    return before.flatMap((one, index) => unexplained(one, after[index], `${path}[]`, used));
  }
  if (!isObject(before) || !isObject(after)) return undefined;
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].flatMap((name) => unexplained(own(before, name), own(after, name), `${path}.${name}`, used));
}

/** Every document of the first file must be in the second, as it was or equal. Undefined where all is explained. */
export function findingIn(before: Uint8Array, after: Uint8Array, used: Set<string>): readonly Difference[] | undefined {
  const theirs = documentsOf(after).map((one) => ({ text: one, tree: readTree(one) }));
  const ours = documentsOf(before);
  let nearest: readonly Difference[] | undefined;
  for (const text of ours) {
    const tree = readTree(text);
    const compared = theirs.map((other) => {
      const reasons = new Set<string>();
      const left = unexplained(tree, other.tree, "", reasons);
      const isSpelling = left.length > 0 || !saysTwice(other.text);
      return { left: isSpelling ? left : [REPEATED], reasons };
    });
    const best = compared.toSorted((a, b) => a.left.length - b.left.length)[0];
    if (best === undefined || best.left.length > 0) nearest ??= best?.left ?? [];
    else {
      if (best.reasons.size === 0) used.add(SPELLING);
      for (const reason of best.reasons) used.add(reason);
    }
  }
  if (theirs.length !== ours.length) used.add(FURTHER);
  return nearest;
}

export const REPEATED: Difference = { path: "a name that stands twice", before: undefined, after: undefined };

/** Trees can be equal although the texts are not: the last of two equal names hides the first. */
export function saysTwice(text: string): boolean {
  const strings = (one: string) => [...one.matchAll(/"(?:[^"\\]|\\.)*"/g)].length;
  return strings(text) !== strings(JSON.stringify(readTree(text)) ?? "");
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const own = (holder: Readonly<Record<string, unknown>>, name: string) =>
  Object.hasOwn(holder, name) ? holder[name] : undefined;
