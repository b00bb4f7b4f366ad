/**
 * A whole Sigstore on the loopback: certificate authority, certificate log, transparency log (Rekor, API versions 1
 * and 2) and timestamp authority, which really sign. The log is ours (merkle-log.ts), with other people's entries around
 * each of ours; the rest is @sigstore/mock's services behind a real HTTP server, with a defect (0.13.0) mended: see
 * `wholeSeconds`. It believes every token it is shown. Left out: an e-mail subject stands in a URI name.
 */
import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  verify,
  X509Certificate,
} from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  fulcioHandler,
  initializeCA,
  initializeCTLog,
  initializeTSA,
  rekorHandler,
  rekorV2Handler,
  tsaHandler,
} from "@sigstore/mock";
import { Verifier } from "@sigstore/protobuf-specs/rekor/v2";
import { canonicalJson } from "../../runtime/kernel/canonical.ts";
import { preAuthEncoding } from "../../runtime/kernel/dsse.ts";
import { createMerkleLog, type MerkleLog } from "./merkle-log.ts";

export const DEFAULT_ISSUER = "https://oidc.sallyport.example";

export interface FakeSigstore {
  readonly url: string;
  readonly fulcioUrl: string;
  readonly rekorUrl: string;
  readonly tsaUrl: string;
  /** What the log holds; may be grown. */
  readonly log: MerkleLog;
  /** An empty tree of the same log. */
  newTree(): MerkleLog;
  /** The bytes of a trusted_root.json that names exactly these services. */
  readonly trustedRoot: Uint8Array;
  /** An identity token; whoever signs with it gets this subject and issuer in the certificate. */
  tokenFor(identity: { issuer?: string; subject: string }): string;
  close(): Promise<void>;
}

/** What @sigstore/mock's handlers ask of a log. */
type TLog = Parameters<typeof rekorHandler>[0];

export interface SigstoreOptions {
  /** Without, the authority's certificates carry no proof of having been logged. */
  readonly logsCertificates?: boolean;
  /** Other people's entries before the first of ours. */
  readonly entriesBefore?: number;
  /** Other people's entries that come after each of ours before the log proves that ours is in it. */
  readonly entriesAfter?: number;
}

export async function startSigstore(options: SigstoreOptions = {}): Promise<FakeSigstore> {
  const { logsCertificates = true, entriesBefore = 5, entriesAfter = 3 } = options;
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const startedAt = wholeSeconds(new Date());
  const clock = new Date();
  const ctlog = await initializeCTLog(keyPair());
  const ca = await initializeCA(keyPair(), logsCertificates ? ctlog : undefined);
  const logKeys = keyPair();
  const newTree = () => createMerkleLog(new URL(url).host, logKeys);
  const log = newTree();
  log.grow(entriesBefore);
  const tsa = await initializeTSA(keyPair(), clock);
  const rekor = rekorOf(log, entriesAfter, clock);
  const handlers = [fulcioHandler(ca), rekorHandler(rekor), rekorV2Handler(rekor), tsaHandler(tsa)];

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const handler = handlers.find((one) => one.path === request.url);
    if (handler === undefined) return void response.writeHead(404).end();
    const body = await bodyOf(request);
    clock.setTime(wholeSeconds(new Date()).getTime());
    const { statusCode, contentType, response: said } = await handler.fn(body);
    response.writeHead(statusCode, { "content-type": contentType ?? "text/plain" });
    response.end(typeof said === "string" ? said : buffer(said));
  };
  server.on("request", (request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });

  const validFor = { start: startedAt.toISOString() };
  const logOf = (rawBytes: Uint8Array) => ({
    baseUrl: url,
    hashAlgorithm: "SHA2_256",
    publicKey: { rawBytes: base64(rawBytes), keyDetails: "PKIX_ECDSA_P256_SHA_256", validFor },
    logId: { keyId: createHash("sha256").update(rawBytes).digest("base64") },
  });
  const authority = (...chain: readonly View[]) => ({
    subject: { organization: "sigstore.mock", commonName: "sigstore" },
    uri: url,
    certChain: { certificates: chain.map((one) => ({ rawBytes: base64(one) })) },
    validFor,
  });
  const trustedRoot = {
    mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    tlogs: [logOf(log.publicKey)],
    certificateAuthorities: [authority(ca.rootCertificate)],
    ctlogs: [logOf(ctlog.publicKey)],
    timestampAuthorities: [authority(tsa.intCertificate, tsa.rootCertificate)],
  };

  return {
    url,
    fulcioUrl: url,
    rekorUrl: url,
    tsaUrl: url,
    log,
    newTree,
    trustedRoot: new TextEncoder().encode(JSON.stringify(trustedRoot)),
    tokenFor: ({ issuer = DEFAULT_ISSUER, subject }) =>
      [{ alg: "none" }, { iss: issuer, sub: subject, aud: "sigstore" }]
        .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
        .concat("no-signature")
        .join("."),
    close: () =>
      new Promise((done, fail) => {
        server.close((error) => (error === undefined ? done() : fail(error)));
        server.closeAllConnections();
      }),
  };
}

/** Rekor counts over all its shards, a proof within one. */
const EARLIER_SHARDS = 1_000_000;

/** Both versions of the API over one log. Version 2 signs no time. */
function rekorOf(log: MerkleLog, entriesAfter: number, clock: Date): TLog {
  const enter = (entry: object) => {
    const body = Buffer.from(canonicalJson(entry));
    const index = log.append(body);
    log.grow(entriesAfter);
    return { body, proof: log.prove(index) };
  };
  return {
    publicKey: log.publicKey,
    async log(proposed) {
      const { body, proof } = enter(canonicalV1(proposed as ProposedV1));
      const promised = {
        body: body.toString("base64"),
        integratedTime: Math.floor(clock.getTime() / 1000),
        logID: log.logId.toString("hex"),
        logIndex: EARLIER_SHARDS + proof.logIndex,
      };
      const signedEntryTimestamp = log.sign(Buffer.from(canonicalJson(promised))).toString("base64");
      const rootHash = proof.rootHash.toString("hex");
      const hashes = proof.hashes.map((one) => one.toString("hex"));
      const inclusionProof = { ...proof, rootHash, hashes };
      return {
        [randomBytes(32).toString("hex")]: { ...promised, verification: { inclusionProof, signedEntryTimestamp } },
      };
    },
    async logV2(proposed) {
      const entry = canonicalV2(proposed);
      const { body, proof } = enter(entry);
      const logIndex = String(proof.logIndex);
      return {
        logIndex,
        logId: { keyId: log.logId },
        kindVersion: { kind: entry.kind, version: entry.apiVersion },
        integratedTime: "0",
        inclusionPromise: undefined,
        inclusionProof: {
          logIndex,
          treeSize: String(proof.treeSize),
          rootHash: proof.rootHash,
          hashes: [...proof.hashes],
          checkpoint: { envelope: proof.checkpoint },
        },
        canonicalizedBody: body,
      };
    },
  };
}

interface EnvelopeJson {
  readonly payload: string;
  readonly payloadType: string;
  readonly signatures: readonly { readonly sig: string }[];
}

interface ProposedV1 {
  readonly apiVersion: string;
  readonly kind: string;
  readonly spec: { readonly proposedContent: { readonly envelope: string; readonly verifiers: readonly string[] } };
}

/** A log keeps of a `dsse` proposal only digests and signatures. */
function canonicalV1(proposed: ProposedV1): object {
  // A hashedrekord is logged as it was proposed.
  if (proposed.kind !== "dsse") return proposed;
  const { apiVersion, kind, spec } = proposed;
  const { envelope, verifiers } = spec.proposedContent;
  const { payload, payloadType, signatures } = JSON.parse(envelope) as EnvelopeJson;
  const hash = (bytes: Uint8Array) => ({
    algorithm: "sha256",
    value: createHash("sha256").update(bytes).digest("hex"),
  });
  return {
    apiVersion,
    kind,
    spec: {
      envelopeHash: hash(Buffer.from(envelope)),
      payloadHash: hash(Buffer.from(payload, "base64")),
      signatures: signatures.map(({ sig }, index) => {
        const verifier = verifiers[index] ?? "";
        const key = createPublicKey(Buffer.from(verifier, "base64"));
        mustHold(key, payloadType, Buffer.from(payload, "base64"), Buffer.from(sig, "base64"));
        return { signature: sig, verifier };
      }),
    },
  };
}

type ProposedV2 = Parameters<TLog["logV2"]>[0];

function canonicalV2({ spec }: ProposedV2) {
  if (spec?.$case !== "dsseRequestV002") throw new Error("only DSSE entries are logged here");
  const { envelope, verifiers } = spec.dsseRequestV002;
  if (envelope === undefined) throw new Error("a DSSE entry needs an envelope");
  const { payload, payloadType } = envelope;
  const signatures = envelope.signatures.map(({ sig }, index) => {
    const one = verifiers[index];
    if (one === undefined) throw new Error("a DSSE entry needs a verifier for each signature");
    mustHold(keyOf(one.verifier), payloadType, payload, sig);
    return { content: base64(sig), verifier: Verifier.toJSON(one) };
  });
  const payloadHash = { algorithm: "SHA2_256", digest: createHash("sha256").update(payload).digest("base64") };
  return { apiVersion: "0.0.2", kind: "dsse", spec: { dsseV002: { payloadHash, signatures } } };
}

function keyOf(verifier: Verifier["verifier"]): KeyObject {
  if (verifier?.$case === "x509Certificate") {
    return new X509Certificate(buffer(verifier.x509Certificate.rawBytes)).publicKey;
  }
  if (verifier === undefined) throw new Error("a DSSE entry needs a certificate or a key for each signature");
  return createPublicKey({ key: buffer(verifier.publicKey.rawBytes), format: "der", type: "spki" });
}

/** A log takes no entry whose signature it cannot verify. */
function mustHold(key: KeyObject, payloadType: string, payload: Uint8Array, signature: Uint8Array): void {
  const digest = key.asymmetricKeyType === "ed25519" ? null : "sha256";
  if (!verify(digest, preAuthEncoding(payloadType, payload), key, signature)) {
    throw new Error("the signature of the entry does not verify");
  }
}

/** The mock writes milliseconds with a trailing zero, which @sigstore/core 4.0.1 cannot read back. */
function wholeSeconds(date: Date): Date {
  return new Date(Math.floor(date.getTime() / 1000) * 1000);
}

function keyPair() {
  return generateKeyPairSync("ec", { namedCurve: "prime256v1" });
}

type View = Pick<Uint8Array, "buffer" | "byteOffset" | "byteLength">;

function buffer(bytes: View): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function base64(bytes: View): string {
  return buffer(bytes).toString("base64");
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
