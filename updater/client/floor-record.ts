/**
 * The record of floors on disk: two small files that are written in turn, each with its digest and a number that rises,
 * so that damage to one costs at most the last commit and the vault is not needed to know what is too old.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readBounded, writeDurable } from "../../runtime/kernel/durable.ts";
import { type Fault, reasonOf } from "../../runtime/kernel/fault.ts";
import { err, ok, type Result } from "../../runtime/kernel/result.ts";
import { array, integer, object, oneOf, parseJson, record, string } from "../../runtime/kernel/shape.ts";
import { fault } from "../faults.ts";
import { FLOOR_ROLES_MAX, type Floors, type RepositoryFloors } from "./floors.ts";
import { sealed, unsealed } from "./sealed.ts";

const BYTES_MAX = 1_000_000;
const version = integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const name = string({ min: 1, max: 200 });
const repository = object({
  root: version,
  keys: array(name, { max: 64 }),
  roles: record(name, version, { max: FLOOR_ROLES_MAX + 100 }),
});
const recordShape = object({
  schema: oneOf("sallyport.floors/1"),
  /** Which of the two slots is the newer one. */
  sequence: version,
  commit: version,
  image: repository,
  director: repository,
  releases: record(name, integer({ min: 0, max: 2 ** 31 }), { max: 10_000 }),
});
interface Slot {
  readonly sequence: number;
  readonly floors: Floors;
}

export interface FloorRecord {
  /** The newest usable slot; undefined if there never was one; UPDATE_FLOORS_LOST if there is none any more. */
  read(): Result<Floors | undefined>;
  /** Throws UPDATE_TOO_LARGE for more than would be read again. */
  check(floors: Floors): void;
  /** Replaces the older slot. Throws DISK_WRITE. */
  write(floors: Floors): void;
}

export function openFloorRecord(directory: string): FloorRecord {
  const paths = [0, 1].map((slot) => join(directory, `floors.${slot}`));
  const slots = () => paths.map((path) => (existsSync(path) ? readSlot(path) : undefined));
  const newest = (found: readonly (Result<Slot> | undefined)[]) =>
    found
      .flatMap((one) => (one?.ok ? [one.value] : []))
      .sort((a, b) => b.sequence - a.sequence)
      .at(0);
  return {
    read() {
      const found = slots();
      const best = newest(found);
      if (best !== undefined) return ok(best.floors);
      const damaged = found.find((one) => one?.ok === false);
      return damaged === undefined || damaged.ok ? ok(undefined) : err(damaged.error);
    },
    check(floors) {
      const bytes = encodeSlot(Number.MAX_SAFE_INTEGER, floors);
      if (bytes.byteLength <= BYTES_MAX && parseSlot(bytes).ok) return;
      throw fault("UPDATE_TOO_LARGE", { what: "the record of floors", size: bytes.byteLength, max: BYTES_MAX });
    },
    write(floors) {
      const found = slots();
      const sequence = (newest(found)?.sequence ?? 0) + 1;
      // The slot that is not the newest: a damaged or missing one first, so that there are two again.
      const at = found.findIndex((one) => !one?.ok || one.value.sequence !== sequence - 1);
      const path = paths[at] ?? join(directory, "floors.0");
      writeDurable(path, encodeSlot(sequence, floors), 0o600);
    },
  };
}

function encodeSlot(sequence: number, floors: Floors): Uint8Array {
  return sealed({ schema: "sallyport.floors/1", sequence, ...encode(floors) });
}

/** What a record that is lost is called, given what became of the vault. */
export function floorsLost(directory: string, cause: Fault, vault: "is whole" | "is damaged as well"): Fault {
  return fault("UPDATE_FLOORS_LOST", { directory, reason: reasonOf(cause), vault }, cause);
}

function readSlot(path: string): Result<Slot> {
  const bytes = readBounded(path, BYTES_MAX);
  return bytes.ok ? parseSlot(bytes.value) : bytes;
}

function parseSlot(bytes: Uint8Array): Result<Slot> {
  const body = unsealed(bytes, "a slot of floors");
  const parsed = body.ok ? parseJson(recordShape, body.value, "a slot of floors", BYTES_MAX) : body;
  if (!parsed.ok) return parsed;
  const { sequence, commit, image, director, releases } = parsed.value;
  const floors = { commit, image: decode(image), director: decode(director), releases: mapOf(releases) };
  return ok({ sequence, floors });
}

type Encoded = ReturnType<typeof repository.parse>;

function encode({ commit, image, director, releases }: Floors) {
  const one = ({ root, keys, roles }: RepositoryFloors): Encoded => ({ root, keys, roles: Object.fromEntries(roles) });
  return { commit, image: one(image), director: one(director), releases: Object.fromEntries(releases) };
}

function decode({ root, keys, roles }: Encoded): RepositoryFloors {
  return { root, keys, roles: mapOf(roles) };
}

function mapOf(source: Readonly<Record<string, number>>): ReadonlyMap<string, number> {
  return new Map(Object.entries(source));
}
