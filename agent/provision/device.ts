/**
 * A provisioned board on disk: what the agent needs before it has spoken to anybody. Made once by `sallyport provision`
 * and read-only for the agent, which keeps its own state beside it.
 *
 *   device.json      who it is, where its repositories and its broker are
 *   device-key.pem   the device's own Ed25519 key (0600), never sent anywhere; the public half of one in a TPM
 *   device-cert.pem  where the owner has a device authority: its certificate for that key, and any between the two
 *   roots/           pinned root.json of the image and the director repository
 *   board.json       names of lines and sensors, see devices/board
 *   state/           the agent's: database, TUF vault, blobs
 */
import { X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Quoter } from "../../attest/index.ts";
import { deviceId, tenantId } from "../../runtime/kernel/brand.ts";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { checkDirectory, ensureDirectory, readBounded, writeDurable } from "../../runtime/kernel/durable.ts";
import { reasonOf } from "../../runtime/kernel/fault.ts";
import { err, ok, type Result } from "../../runtime/kernel/result.ts";
import {
  array,
  boolean,
  hidden,
  type Infer,
  integer,
  object,
  oneOf,
  optional,
  parseJson,
  string,
} from "../../runtime/kernel/shape.ts";
import { generateKeyPem, parsePublicKey, parseSigner, type Signer } from "../../runtime/kernel/signer.ts";
import { provisionFault } from "../faults.ts";
import { openTpm, tpmShape } from "../tpm/tools.ts";
import { neighboursShape } from "./neighbours.ts";
import { transportShape } from "./transport.ts";

/** An address may hold a password. */
const url = hidden(string({ min: 1, max: 2000 }));
const address = { metadataUrl: url, targetsUrl: url };
const repository = object({ ...address, mirrors: optional(array(object(address), { max: 8 })) });
/** A mirror of the image repository may be a neighbour's cache: first for modules, last for metadata. */
const imageMirror = object({ ...address, cache: optional(boolean) });
const imageRepository = object({ ...address, mirrors: optional(array(imageMirror, { max: 8 })) });

export const deviceShape = object({
  schema: oneOf("sallyport.device/1"),
  tenant: tenantId,
  device: deviceId,
  class: string({ min: 1, max: 63 }),
  region: string({ min: 1, max: 63 }),
  image: imageRepository,
  director: repository,
  broker: object({ url, username: string({ max: 200 }), password: hidden(string({ max: 500 })) }),
  transport: optional(transportShape),
  /** Whether and where this board serves others as a cache of the image repository; not at all unless given. */
  neighbours: optional(neighboursShape),
  /** A directory in which another process plays the physical world of the simulated drivers. */
  simulatedDirectory: optional(string({ max: 1000 })),
  /** Where the updater counts its commits, on another partition than `state/`, so that a restored backup is noticed. */
  counterFile: optional(string({ min: 1, max: 1000 })),
  /** A TPM that holds the device key, or vouches for attestations, or both; neither unless given. */
  tpm: optional(tpmShape),
  /** How often TUF is asked without a hint; a hostile broker can delay a revocation by no more than this. */
  pollS: integer({ min: 5, max: 604_800 }),
});
export type DeviceConfig = Infer<typeof deviceShape>;

export interface Provisioned {
  readonly directory: string;
  readonly config: DeviceConfig;
  readonly key: Signer;
  /** Makes the TPM vouch for attestations, where there is one that is to. */
  readonly quoter: Quoter | undefined;
  /** In DER, the device's own first; empty without a device authority. A refusal is no reason not to start. */
  readonly certificates: Result<readonly Uint8Array[]>;
  readonly imageRoot: Uint8Array;
  readonly directorRoot: Uint8Array;
  readonly board: Uint8Array;
  readonly stateDirectory: string;
}

export interface ProvisionInput {
  readonly config: DeviceConfig;
  readonly imageRoot: Uint8Array;
  readonly directorRoot: Uint8Array;
  readonly board: Uint8Array;
  /** For a device key that is in a TPM (`config.tpm.key`): its public half, PEM. */
  readonly publicKeyPem?: string;
}

const ROOT_BYTES_MAX = 512_000;
const CERTIFICATES_MAX = 4;

/** Writes a new board. `device.json` comes last: its presence says that all the rest is there. */
export function provisionBoard(directory: string, input: ProvisionInput): Result<Provisioned> {
  const place = checkDirectory(directory);
  if (!place.ok) return place;
  if (existsSync(join(directory, "device.json"))) {
    return err(provisionFault("PROVISION_EXISTS", { directory, device: input.config.device }));
  }
  ensureDirectory(join(directory, "roots"));
  ensureDirectory(join(directory, "state"), 0o700);
  writeDurable(join(directory, "device-key.pem"), utf8(input.publicKeyPem ?? generateKeyPem()), 0o600);
  writeDurable(join(directory, "roots", "image.root.json"), input.imageRoot);
  writeDurable(join(directory, "roots", "director.root.json"), input.directorRoot);
  writeDurable(join(directory, "board.json"), input.board);
  // The broker's password is inside.
  writeDurable(join(directory, "device.json"), utf8(`${JSON.stringify(input.config, null, 2)}\n`), 0o600);
  return readBoard(directory);
}

export function readBoard(directory: string): Result<Provisioned> {
  for (const one of [directory, join(directory, "state")]) {
    const place = checkDirectory(one);
    if (!place.ok) return place;
  }
  const incomplete = (reason: string, cause?: unknown) =>
    err(provisionFault("PROVISION_INCOMPLETE", { directory, reason }, cause));
  const files = ["device.json", "device-key.pem", "roots/image.root.json", "roots/director.root.json", "board.json"];
  const [config, key, imageRoot, directorRoot, board] = files.map((name) =>
    readBounded(join(directory, name), ROOT_BYTES_MAX),
  );
  for (const file of [config, key, imageRoot, directorRoot, board]) {
    if (file === undefined || !file.ok) return incomplete(file?.error.message ?? "a file is missing", file?.error);
  }
  if (!config?.ok || !key?.ok || !imageRoot?.ok || !directorRoot?.ok || !board?.ok)
    return incomplete("a file is missing");
  const parsed = parseJson(deviceShape, config.value, join(directory, "device.json"), 65_536);
  if (!parsed.ok) {
    if (parsed.error.code !== "SHAPE_NOT_JSON") return parsed;
    // The parser quotes what it stumbles over, which may be the password.
    const [place = ""] = /at position \d+(?: \(line \d+ column \d+\))?$/.exec(reasonOf(parsed.error)) ?? [];
    return incomplete(`device.json is not JSON in UTF-8 ${place}`.trim());
  }
  const pem = new TextDecoder().decode(key.value);
  const { tpm: chip } = parsed.value;
  const tpm = chip === undefined ? undefined : openTpm(chip, join(directory, "state", "tpm"));
  const signer =
    tpm !== undefined && chip?.key !== undefined
      ? tpm.signer(chip.key, pem)
      : parseSigner(pem, undefined, join(directory, "device-key.pem"));
  if (!signer.ok) return signer;
  const certificates = readCertificates(join(directory, "device-cert.pem"), signer.value);
  return ok({
    directory,
    config: parsed.value,
    key: signer.value,
    quoter: chip?.quote === undefined ? undefined : tpm?.quoter(chip.quote),
    certificates,
    imageRoot: imageRoot.value,
    directorRoot: directorRoot.value,
    board: board.value,
    stateDirectory: join(directory, "state"),
  });
}

/** None where there is no such file; a file that is there has to be of use. */
function readCertificates(path: string, key: Signer): Result<readonly Uint8Array[]> {
  if (!existsSync(path)) return ok([]);
  const refuse = (reason: string) => err(provisionFault("PROVISION_CERTIFICATE", { reason: `${path}: ${reason}` }));
  const file = readBounded(path, CERTIFICATE_BYTES_MAX);
  if (!file.ok) return file;
  const blocks = new TextDecoder().decode(file.value).match(CERTIFICATE) ?? [];
  try {
    const [own, ...above] = blocks.map((pem) => new X509Certificate(pem));
    if (own === undefined || above.length >= CERTIFICATES_MAX) return refuse(`1 to ${CERTIFICATES_MAX} are expected`);
    const itsKey = parsePublicKey(own.publicKey.export({ type: "spki", format: "pem" }).toString(), path);
    if (!itsKey.ok || itsKey.value.keyId !== key.keyId) return refuse("the first is not for this device's key");
    return ok([own, ...above].map(({ raw }) => new Uint8Array(raw)));
  } catch (error) {
    return refuse(reasonOf(error));
  }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const CERTIFICATE_BYTES_MAX = 65_536;
