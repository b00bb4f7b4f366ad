/**
 * A repository as one file, for a stick or a disc: a plain tar archive (POSIX.1-1988 ustar, regular files only), so
 * that anybody can look into it with what is there. Both ends know this file: the publisher writes one, the board makes
 * an index of it and reads members by name. Nothing in an archive is believed for being in it: metadata is signed,
 * targets are hashed, and what the archive itself says is only held against its own bounds.
 */
import { utf8 } from "../runtime/kernel/bytes.ts";
import { err, ok, type Result } from "../runtime/kernel/result.ts";
import { fault } from "./faults.ts";

const BLOCK = 512;
/** Members of an archive, at most. */
export const MEMBERS_MAX = 50_000;
const NAME = { at: 0, bytes: 100 };
const SIZE = { at: 124, bytes: 12 };
const CHECKSUM = { at: 148, bytes: 8 };
const TYPE = 156;
const MAGIC = { at: 257, bytes: 8 };
const PREFIX = { at: 345, bytes: 155 };
/** A relative path of plain components: no dot at the beginning of one, nothing to be decoded. */
const PATH = /^[A-Za-z0-9_][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/;

/** Where a member's bytes lie in the archive. */
export interface Member {
  readonly offset: number;
  readonly length: number;
}

/** Reads `length` bytes at `offset`; fewer at the end of the file. */
export type ReadAt = (offset: number, length: number) => Uint8Array;

/** The block that precedes a member's bytes. `path` must be one that `isMemberPath` accepts. */
export function memberHeader(path: string, length: number): Uint8Array {
  const block = Buffer.alloc(BLOCK);
  const cut = path.length <= NAME.bytes ? -1 : path.indexOf("/", path.length - NAME.bytes - 1);
  block.write(path.slice(cut + 1), NAME.at, "latin1");
  if (cut > 0) block.write(path.slice(0, cut), PREFIX.at, "latin1");
  block.write("0000644\0", 100, "latin1");
  block.write("0000000\0".repeat(2), 108, "latin1");
  block.write(`${length.toString(8).padStart(11, "0")}\0`, SIZE.at, "latin1");
  // Archives of the same files are the same bytes: the time is left at zero.
  block.write(`${"0".repeat(11)}\0`, 136, "latin1");
  block.write("0", TYPE, "latin1");
  block.write("ustar\x0000", MAGIC.at, "latin1");
  block.write(`${checksum(block).toString(8).padStart(6, "0")}\0 `, CHECKSUM.at, "latin1");
  return new Uint8Array(block);
}

/** The zeros that follow a member's bytes, up to a whole block. */
export function memberPadding(length: number): Uint8Array {
  return new Uint8Array((BLOCK - (length % BLOCK)) % BLOCK);
}

/** What ends an archive. */
export function archiveEnd(): Uint8Array {
  return new Uint8Array(2 * BLOCK);
}

/** Whether a path can be a member's: plain components, and short enough for the format. */
export function isMemberPath(path: string): boolean {
  if (!PATH.test(path) || path.length > NAME.bytes + PREFIX.bytes + 1) return false;
  if (path.length <= NAME.bytes) return true;
  const cut = path.indexOf("/", path.length - NAME.bytes - 1);
  return cut > 0 && cut <= PREFIX.bytes;
}

/** The members by path. Refuses with UPDATE_ARCHIVE what is no such archive, or is larger or stranger than one of ours. */
export function readIndex(size: number, read: ReadAt): Result<ReadonlyMap<string, Member>> {
  const refuse = (offset: number, reason: string) => err(fault("UPDATE_ARCHIVE", { offset, reason }));
  const members = new Map<string, Member>();
  for (let offset = 0; ; ) {
    const block = Buffer.from(read(offset, BLOCK));
    if (block.byteLength < BLOCK) return refuse(offset, "it ends without its end marker");
    if (block.every((byte) => byte === 0)) return ok(members);
    if (text(block, MAGIC) !== "ustar") return refuse(offset, "there is no tar header here");
    if (octal(block, CHECKSUM) !== checksum(block)) return refuse(offset, "a header's checksum does not match");
    if (block[TYPE] !== utf8("0")[0]) return refuse(offset, "a member is not a regular file");
    const length = octal(block, SIZE);
    const [prefix, name] = [text(block, PREFIX), text(block, NAME)];
    const path = prefix === "" ? name : `${prefix}/${name}`;
    if (!PATH.test(path)) return refuse(offset, "a member's name is not a plain relative path");
    if (members.has(path)) return refuse(offset, `${path} is in it twice`);
    if (members.size === MEMBERS_MAX) return refuse(offset, `it has more than ${MEMBERS_MAX} members`);
    if (length === undefined || offset + BLOCK + length > size) return refuse(offset, `${path} ends beyond its end`);
    members.set(path, { offset: offset + BLOCK, length });
    offset += BLOCK + Math.ceil(length / BLOCK) * BLOCK;
  }
}

/** The sum of the header's bytes, its own field taken as blanks. */
function checksum(block: Buffer): number {
  let sum = 0;
  for (const [at, byte] of block.entries()) {
    sum += at >= CHECKSUM.at && at < CHECKSUM.at + CHECKSUM.bytes ? 32 : byte;
  }
  return sum;
}

function text(block: Buffer, field: { at: number; bytes: number }): string {
  const raw = block.toString("latin1", field.at, field.at + field.bytes);
  const end = raw.indexOf("\0");
  return end === -1 ? raw : raw.slice(0, end);
}

function octal(block: Buffer, field: { at: number; bytes: number }): number | undefined {
  const digits = text(block, field).trim();
  return /^[0-7]{1,11}$/.test(digits) ? Number.parseInt(digits, 8) : undefined;
}
