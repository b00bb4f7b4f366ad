/**
 * A whole Sigstore on the loopback: certificate authority, certificate log, transparency log (Rekor, API versions 1
 * and 2) and timestamp authority, which really sign. It is @sigstore/mock's services behind a real HTTP server, with
 * three of their defects (0.13.0) mended: see `mendedLog` and `wholeSeconds`. It believes every token it is shown.
 * Left out: the log has always one leaf, so Merkle paths are empty; an e-mail subject stands in a URI name.
 */
import { createHash, generateKeyPairSync } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  fulcioHandler,
  initializeCA,
  initializeCTLog,
  initializeTLog,
  initializeTSA,
  rekorHandler,
  rekorV2Handler,
  tsaHandler,
} from "@sigstore/mock";

export const DEFAULT_ISSUER = "https://oidc.sallyport.example";

export interface FakeSigstore {
  readonly url: string;
  readonly fulcioUrl: string;
  readonly rekorUrl: string;
  readonly tsaUrl: string;
  /** The bytes of a trusted_root.json that names exactly these services. */
  readonly trustedRoot: Uint8Array;
  /** An identity token; whoever signs with it gets this subject and issuer in the certificate. */
  tokenFor(identity: { issuer?: string; subject: string }): string;
  close(): Promise<void>;
}

type TLog = Awaited<ReturnType<typeof initializeTLog>>;

/** `logsCertificates: false` gives an authority whose certificates carry no proof of having been logged. */
export async function startSigstore({ logsCertificates = true } = {}): Promise<FakeSigstore> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const startedAt = wholeSeconds(new Date());
  const clock = new Date();
  const ctlog = await initializeCTLog(keyPair());
  const ca = await initializeCA(keyPair(), logsCertificates ? ctlog : undefined);
  const tlog = await initializeTLog(url, keyPair());
  const tsa = await initializeTSA(keyPair(), clock);
  const mended = mendedLog(tlog);
  const handlers = [fulcioHandler(ca), rekorHandler(mended), rekorV2Handler(mended), tsaHandler(tsa)];

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
  const log = (rawBytes: Uint8Array) => ({
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
    tlogs: [log(tlog.publicKey)],
    certificateAuthorities: [authority(ca.rootCertificate)],
    ctlogs: [log(ctlog.publicKey)],
    timestampAuthorities: [authority(tsa.intCertificate, tsa.rootCertificate)],
  };

  return {
    url,
    fulcioUrl: url,
    rekorUrl: url,
    tsaUrl: url,
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

/**
 * The mock logs what was proposed; a real log keeps of a `dsse` proposal only digests and signatures, and without that
 * no bundle verifies. The mock's version 2 also gives the only leaf a random index.
 */
function mendedLog(tlog: TLog): TLog {
  return {
    publicKey: tlog.publicKey,
    log: (proposed) => tlog.log(canonicalV1(proposed as ProposedV1)),
    async logV2(proposed) {
      // What is logged is the canonical entry, which the mock's type does not know.
      const entry = await tlog.logV2(canonicalV2(proposed) as unknown as typeof proposed);
      const { inclusionProof } = entry;
      if (inclusionProof === undefined) throw new Error("the mock's log always proves inclusion");
      return { ...entry, integratedTime: "0", inclusionProof: { ...inclusionProof, logIndex: "0" } };
    },
  };
}

interface ProposedV1 {
  readonly apiVersion: string;
  readonly kind: string;
  readonly spec: { readonly proposedContent: { readonly envelope: string; readonly verifiers: readonly string[] } };
}

function canonicalV1(proposed: ProposedV1): object {
  // A hashedrekord is logged as it was proposed.
  if (proposed.kind !== "dsse") return proposed;
  const { apiVersion, kind, spec } = proposed;
  const { envelope, verifiers } = spec.proposedContent;
  const { payload, signatures } = JSON.parse(envelope) as { payload: string; signatures: { sig: string }[] };
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
      signatures: signatures.map(({ sig }, index) => ({ signature: sig, verifier: verifiers[index] })),
    },
  };
}

function canonicalV2(proposed: Parameters<TLog["logV2"]>[0]) {
  if (proposed.spec?.$case !== "dsseRequestV002") throw new Error("only DSSE entries are logged here");
  const { envelope, verifiers } = proposed.spec.dsseRequestV002;
  if (envelope === undefined) throw new Error("a DSSE entry needs an envelope");
  const signatures = envelope.signatures.map(({ sig }, index) => {
    const { verifier, keyDetails } = verifiers[index] ?? {};
    if (verifier?.$case !== "x509Certificate") throw new Error("a DSSE entry needs a certificate for each signature");
    const x509Certificate = { rawBytes: base64(verifier.x509Certificate.rawBytes) };
    return { content: base64(sig), verifier: { x509Certificate, keyDetails } };
  });
  const payloadHash = { algorithm: "SHA2_256", digest: createHash("sha256").update(envelope.payload).digest("base64") };
  return { apiVersion: "0.0.2", kind: "dsse", spec: { dsseV002: { payloadHash, signatures } } };
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
