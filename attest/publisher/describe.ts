/**
 * What an evidence file contains, for people: who claims to have signed what, about which files, when. Nothing here is
 * verified, and what cannot be read is said instead of refused: this is for looking, `verify` is for believing.
 */
import { type Bundle, isBundleWithDsseEnvelope } from "@sigstore/bundle";
import { RFC3161Timestamp, X509Certificate } from "@sigstore/core";
import type { Sha256 } from "../../runtime/kernel/brand.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import { type Fault, reasonOf } from "../../runtime/kernel/fault.ts";
import { ok, type Result } from "../../runtime/kernel/result.ts";
import { bundleOf, isBareEnvelope, readAttestation, STATEMENT_PAYLOAD_TYPE } from "../bundle.ts";
import { type CertificateFacts, readCertificateFacts } from "../certificate.ts";
import { type Identity, readIdentity, utf8String } from "../identity.ts";
import { PROVENANCE_TYPES, type ProvenanceFacts, parseProvenance } from "../provenance.ts";
import { parseStatement, type Subject } from "../statement.ts";
import { attestationsIn } from "./evidence.ts";

/** As claimed by a certificate, or a key's hint; empty where a signature says nothing. */
export type ClaimedSigner = Identity | { readonly key: string };

export interface Description {
  readonly index: number;
  readonly digest: Sha256;
  /** E.g. `Sigstore bundle 0.3, keyless`. */
  readonly kind: string;
  readonly signers: readonly ClaimedSigner[];
  /** What the certificate says beside its subject, by the names that policies use. */
  readonly certificate?: CertificateFacts;
  readonly statementType?: string;
  readonly predicateType?: string;
  readonly subjects: readonly Subject[];
  /** Where the statement is build provenance. */
  readonly provenance?: ProvenanceFacts;
  readonly logEntries: readonly { readonly kind: string; readonly logIndex: string; readonly timeMs?: number }[];
  readonly timestampsMs: readonly number[];
  /** What could not be read, and with that what no board will take. */
  readonly problems: readonly string[];
}

/** One description for each attestation. Refuses with ATTEST_BUNDLE_INVALID where the file cannot be taken apart. */
export function describeEvidence(bytes: Uint8Array): Result<readonly Description[], Fault> {
  const parts = attestationsIn(bytes);
  if (!parts.ok) return parts;
  return ok(
    parts.value.map((part, index) => {
      const json = readAttestation(part);
      const about = !json.ok
        ? unreadable(json.error)
        : isBareEnvelope(json.value)
          ? aboutEnvelope(json.value)
          : aboutBundle(json.value);
      return { index, digest: sha256(part), ...about };
    }),
  );
}

type About = Omit<Description, "index" | "digest">;
const NOTHING = { signers: [], subjects: [], logEntries: [], timestampsMs: [] } as const;

function unreadable(why: Fault): About {
  return { ...NOTHING, kind: "unreadable", problems: [reasonOf(why)] };
}

function aboutBundle(json: unknown): About {
  const parsed = bundleOf(json);
  if (!parsed.ok) return unreadable(parsed.error);
  const bundle = parsed.value;
  const problems: string[] = [];
  const attempt = <T>(what: string, read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      problems.push(`${what}: ${reasonOf(error)}`);
      return undefined;
    }
  };
  const { content, tlogEntries, timestampVerificationData } = bundle.verificationMaterial;
  const claim = attempt("the certificate", () => claimedBy(content));
  const stamps = timestampVerificationData?.rfc3161Timestamps ?? [];
  const times = stamps.map((one) =>
    attempt("a timestamp", () => RFC3161Timestamp.parse(Buffer.from(one.signedTimestamp)).signingTime.getTime()),
  );
  const isStatement = isBundleWithDsseEnvelope(bundle);
  if (!isStatement) problems.push("it signs bare bytes, not an in-toto statement");
  const payload = isStatement ? bundle.content.dsseEnvelope : undefined;
  return {
    kind: `Sigstore bundle ${versionOf(bundle)}, ${content.$case === "publicKey" ? "managed key" : "keyless"}`,
    signers: claim === undefined ? [] : [claim.signer],
    ...(claim?.certificate === undefined ? {} : { certificate: claim.certificate }),
    ...(payload === undefined ? { subjects: [] } : aboutPayload(payload.payloadType, payload.payload, problems)),
    logEntries: tlogEntries.map(({ kindVersion, logIndex, integratedTime }) => ({
      kind: kindVersion === undefined ? "of no kind" : `${kindVersion.kind} ${kindVersion.version}`,
      logIndex,
      // A version 2 log signs none.
      ...(Number(integratedTime) > 0 ? { timeMs: Number(integratedTime) * 1000 } : {}),
    })),
    timestampsMs: times.filter((one) => one !== undefined),
    problems,
  };
}

function aboutEnvelope(json: object): About {
  const { payload, payloadType, signatures } = json as Readonly<Record<string, unknown>>;
  const problems: string[] = [];
  const listed: readonly unknown[] = Array.isArray(signatures) ? signatures.slice(0, 16) : [];
  const signers = listed.map((one) => {
    const { keyid, cert } = (typeof one === "object" && one !== null ? one : {}) as Readonly<Record<string, unknown>>;
    if (cert !== undefined)
      problems.push("a certificate signed it, without log entry and timestamp: no verifiable time");
    return { key: typeof keyid === "string" ? keyid : "" };
  });
  const bytes = Buffer.from(typeof payload === "string" ? payload : "", "base64");
  const about = aboutPayload(String(payloadType), bytes, problems);
  return { ...NOTHING, kind: "DSSE envelope", signers, ...about, problems };
}

function aboutPayload(
  payloadType: string,
  payload: Uint8Array,
  problems: string[],
): Pick<About, "subjects" | "statementType" | "predicateType" | "provenance"> {
  if (payloadType !== STATEMENT_PAYLOAD_TYPE) {
    problems.push(`its payload is of type ${payloadType.slice(0, 200)}, not an in-toto statement`);
    return { subjects: [] };
  }
  const statement = parseStatement(payload);
  if (!statement.ok) {
    problems.push(reasonOf(statement.error));
    return { subjects: [] };
  }
  const { _type: statementType, predicateType, subject: subjects, predicate } = statement.value;
  const said = { statementType, predicateType, subjects };
  if (!PROVENANCE_TYPES.includes(predicateType)) return said;
  const provenance = parseProvenance(predicate, predicateType);
  if (provenance.ok) return { ...said, provenance: provenance.value };
  problems.push(reasonOf(provenance.error));
  return said;
}

interface Claim {
  readonly signer: ClaimedSigner;
  readonly certificate?: CertificateFacts;
}

function claimedBy(content: Bundle["verificationMaterial"]["content"]): Claim {
  if (content.$case === "publicKey") return { signer: { key: content.publicKey.hint } };
  const chain = content.$case === "certificate" ? [content.certificate] : content.x509CertificateChain.certificates;
  const [leaf] = chain;
  if (leaf === undefined) throw new Error("there is none");
  const extensions = X509Certificate.parse(Buffer.from(leaf.rawBytes)).extensions.map((one) => ({
    oid: { id: (one.subs[0]?.toOID() ?? "").split(".").map(Number) },
    value: one.subs.at(-1)?.value ?? Buffer.alloc(0),
  }));
  const identity = readIdentity(extensions);
  if (identity === undefined) throw new Error("it does not name exactly one issuer and one subject");
  const certificate = readCertificateFacts(extensions, utf8String);
  if (certificate === undefined) throw new Error("an extension of Fulcio's cannot be read in one way");
  return { signer: identity, certificate };
}

function versionOf({ mediaType }: Bundle): string {
  return /(\d+\.\d+)/.exec(mediaType)?.[1] ?? mediaType;
}
