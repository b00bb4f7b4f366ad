/**
 * The ceremony as a document: who the owners are, how many of them must sign, the teams, the online keys and how long
 * signatures last. Owners bring public keys made on their own machines; a key that is named as a private file, or as to
 * be made, is one that this machine signs with. What was decided comes back as a transcript for everybody to keep.
 */
import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { teamName, tenantId } from "../../runtime/kernel/brand.ts";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { ensureDirectory, readBounded } from "../../runtime/kernel/durable.ts";
import { attempt, type Result, unwrap } from "../../runtime/kernel/result.ts";
import {
  array,
  type Infer,
  integer,
  object,
  oneOf,
  optional,
  parseJson,
  parseShape,
  string,
} from "../../runtime/kernel/shape.ts";
import { readChange } from "./change.ts";
import type { Plan, PlannedKey } from "./create.ts";
import { refusePlan } from "./create.ts";
import { realDisk } from "./disk.ts";
import { fault } from "./faults.ts";
import { KEY_FILE_BYTES_MAX, newKeyFile, parsePublicHalf } from "./key-file.ts";
import { canSign, readPublicHalf } from "./keys.ts";
import { defaultExpiryDays, expiryDaysShape, keyFileName, paths, teamRole } from "./layout.ts";
import { signedDigest } from "./metadata.ts";
import { keyName } from "./names.ts";
import { foundRepositories } from "./repositories.ts";
import type { Settled } from "./settle.ts";
import type { ShopOptions } from "./shop.ts";
import { readStanding } from "./standing.ts";

const CEREMONY_BYTES_MAX = 1_000_000;
const threshold = integer({ min: 1, max: 16 });

/** A key that takes part: `file` is a public key, a private key or a signer's description; without it one is made. */
const keyShape = object({ name: keyName, file: optional(string({ min: 1, max: 1_000 })) });

export const ceremonyShape = object({
  schema: oneOf("sallyport.ceremony/1"),
  tenant: tenantId,
  owners: array(keyShape, { min: 1, max: 16 }),
  thresholds: object({ root: threshold, targets: threshold }),
  teams: array(object({ name: teamName, keys: array(keyShape, { min: 1, max: 16 }), threshold }), { max: 100 }),
  /** Absent: one key for each repository is made here. */
  online: optional(object({ image: keyShape, director: keyShape })),
  expiryDays: optional(expiryDaysShape),
});
export type CeremonyInput = Infer<typeof ceremonyShape>;

/** SHAPE_* with the field's name. */
export function parseCeremony(bytes: Uint8Array): Result<CeremonyInput> {
  return parseJson(ceremonyShape, bytes, "the ceremony's plan", CEREMONY_BYTES_MAX);
}

export interface Decision {
  readonly settled: Settled;
  /** JSON text, schema `sallyport.transcript/1`. */
  readonly transcript: string;
}

export interface CeremonyOptions extends ShopOptions {
  readonly scryptLogN?: number;
  /** Where relative key files are looked for. */
  readonly from: string;
}

/**
 * Holds a ceremony in an empty directory: keys that are to be made are made, the first change is signed with the keys
 * that are here, and published or left waiting. REPO_EXISTS, REPO_CEREMONY, KEY_*, DISK_*.
 */
export function holdCeremony(
  directory: string,
  input: CeremonyInput,
  options: CeremonyOptions,
): Promise<Result<Decision>> {
  return attempt(async () => {
    const at = paths(directory);
    if (existsSync(at.config)) throw fault("REPO_EXISTS", { directory });
    const made: Made[] = [];
    const plan = planOf(input, options, made);
    refusePlan(plan);
    ensureDirectory(at.keys, 0o700);
    for (const { file, bytes } of made) (options.disk ?? realDisk).write(at.key(file), bytes, 0o600);
    const settled = unwrap(await foundRepositories(directory, plan, options));
    const transcript = transcriptOf(directory, plan, settled, options.now());
    (options.disk ?? realDisk).write(join(directory, "transcript.json"), utf8(transcript));
    return { settled, transcript };
  });
}

interface Made {
  readonly file: string;
  readonly bytes: Uint8Array;
}

function planOf(input: CeremonyInput, options: CeremonyOptions, made: Made[]): Plan {
  const key = ({ name, file }: { name: string; file?: string }): PlannedKey => {
    const place = unwrap(parseShape(keyFileName, `${name.replaceAll(".", "-")}.pem`, `the key file of ${name}`));
    if (file === undefined) return makeKey(name, place, options, made);
    const path = resolve(options.from, file.replace(/^exec:/, ""));
    const half = unwrap(readPublicHalf(path, options.passphrase));
    if (!canSign(path)) return { name, half };
    const own = path.endsWith(".json")
      ? unwrap(parseShape(keyFileName, basename(path), "the description's name"))
      : place;
    keep(own, unwrap(readBounded(path, KEY_FILE_BYTES_MAX)), made);
    return { name, half, file: own };
  };
  return {
    tenant: input.tenant,
    owners: input.owners.map(key),
    thresholds: input.thresholds,
    teams: input.teams.map((team) => ({ ...team, keys: team.keys.map(key) })),
    online: {
      image: [key(input.online?.image ?? { name: "image-online" })],
      director: [key(input.online?.director ?? { name: "director-online" })],
    },
    expiryDays: input.expiryDays ?? defaultExpiryDays,
  };
}

function makeKey(name: string, file: string, options: CeremonyOptions, made: Made[]): PlannedKey {
  const text = newKeyFile({
    ...(options.passphrase === undefined ? {} : { passphrase: options.passphrase }),
    ...(options.scryptLogN === undefined ? {} : { scryptLogN: options.scryptLogN }),
  });
  keep(file, utf8(text), made);
  return { name, file, half: unwrap(parsePublicHalf(text, options.passphrase, name)) };
}

/** Two keys under one file name would make one of them unusable. */
function keep(file: string, bytes: Uint8Array, made: Made[]): void {
  const there = made.find((one) => one.file === file);
  if (there !== undefined)
    throw fault("REPO_CEREMONY", { reason: `two keys would lie in ${file}; give them other names` });
  made.push({ file, bytes });
}

function transcriptOf(directory: string, plan: Plan, settled: Settled, now: number): string {
  const at = paths(directory);
  const standing = readStanding(at);
  const documents =
    settled.kind === "pending"
      ? readChange(at, settled.lead).documents
      : [
          ...(["image", "director"] as const).flatMap((repository) =>
            standing.chains[repository].slice(0, 1).map((metadata) => ({ repository, role: "root", metadata })),
          ),
          ...[...standing.roles].map(([role, metadata]) => ({ repository: "image" as const, role, metadata })),
        ];
  const keys = (all: readonly PlannedKey[]) =>
    all.map(({ name, half, file }) => ({
      name,
      keyId: half.key.keyID,
      scheme: half.key.scheme,
      here: file !== undefined,
    }));
  const document = {
    schema: "sallyport.transcript/1",
    tenant: plan.tenant,
    held: new Date(now).toISOString(),
    owners: keys(plan.owners),
    thresholds: plan.thresholds,
    teams: plan.teams.map(({ name, threshold: of, keys: of_ }) => ({
      role: teamRole(name),
      threshold: of,
      keys: keys(of_),
    })),
    online: { image: keys(plan.online.image), director: keys(plan.online.director) },
    expiryDays: plan.expiryDays,
    // SHA-256 of the signed part in canonical form: the same for everybody, whoever has signed so far.
    documents: documents.map(({ repository, role, metadata }) => ({
      repository,
      role,
      version: metadata.signed.version,
      sha256: signedDigest(metadata),
    })),
    published: settled.kind === "published",
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
