/**
 * A repository on a stick or a disc: `file:` addresses. An address that lies in a directory is that directory; one that
 * goes through an archive, `file:///media/usb/site.tar/image/metadata/`, is what the archive holds below that name. The
 * files are as hostile as a server's: bounded, never followed out of their directory, and judged by nobody here. A
 * medium that is not there is a network that is not there.
 */
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, type Stats } from "node:fs";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { reasonOf } from "../../runtime/kernel/fault.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { type Member, readIndex } from "../archive.ts";
import { fault } from "../faults.ts";
import { shown } from "./proxy.ts";
import type { Source } from "./source.ts";

export interface FileAddresses {
  readonly metadataUrl: string;
  readonly targetsUrl: string;
}

const CHUNK = 256 * 1024;
/** Plain components only: no dot at the beginning, nothing that another encoding could hide. */
const NAME = /^[A-Za-z0-9_%][A-Za-z0-9._%-]*(?:\/[A-Za-z0-9_%][A-Za-z0-9._%-]*)*$/;

/** Whether an address is one of this source. */
export function isFileAddress(url: string): boolean {
  return URL.canParse(url) && new URL(url).protocol === "file:";
}

/** A source over `file:` addresses. Throws UPDATE_NETWORK for addresses that name no local path. */
export function fileSource({ metadataUrl, targetsUrl }: FileAddresses): Source {
  const places = { metadata: placeOf(metadataUrl), targets: placeOf(targetsUrl) };
  const indexOf = keptIndex();
  return {
    async metadata(name, bytesMax) {
      const found = open(places.metadata, name, indexOf);
      if (found === undefined) return undefined;
      try {
        if (found.length > bytesMax) {
          throw fault("UPDATE_TOO_LARGE", { what: found.path, size: found.length, max: bytesMax });
        }
        return readExactly(found, 0, found.length);
      } finally {
        closeSync(found.fd);
      }
    },
    async target(path, length, sink) {
      const found = open(places.targets, path, indexOf);
      if (found === undefined) throw unreachable(join(places.targets, path), "it is not there");
      try {
        if (found.length !== length) {
          throw fault("UPDATE_TARGET_LENGTH", { path, expected: length, actual: found.length });
        }
        while (sink.received() < length) {
          const at = sink.received();
          sink.append(readExactly(found, at, Math.min(CHUNK, length - at)));
        }
      } finally {
        closeSync(found.fd);
      }
    },
    close: () => undefined,
  };
}

/** An open file, or a member of an open archive. */
interface Opened extends Member {
  readonly fd: number;
  readonly path: string;
}

function placeOf(url: string): string {
  try {
    return fileURLToPath(url);
  } catch (error) {
    // It may be a server's address, with a password.
    throw unreachable(URL.canParse(url) ? shown(new URL(url)) : "an address", reasonOf(error), error);
  }
}

/** The named file below `place`; undefined when the place is there and the file is not. */
function open(place: string, name: string, indexOf: IndexOf): Opened | undefined {
  if (!NAME.test(name)) return undefined;
  const archive = archiveIn(place);
  if (archive !== undefined) return openMember(archive.file, [...archive.inside, name].join("/"), indexOf);
  if (!statsOf(place)?.isDirectory()) throw unreachable(place, "no such directory or archive");
  let folder = place;
  for (const part of name.split("/").slice(0, -1)) {
    folder = join(folder, part);
    // A link would lead out of the medium.
    if (!statsOf(folder)?.isDirectory()) return undefined;
  }
  const path = join(place, name);
  const opened = openFile(path);
  return opened === undefined ? undefined : { fd: opened.fd, path, offset: 0, length: opened.stats.size };
}

/** The first component of the place that is a file, when there is one: an archive; the rest is the way inside. */
function archiveIn(place: string): { file: string; inside: string[] } | undefined {
  const parts = place.split(sep).filter((part) => part !== "");
  for (const at of parts.keys()) {
    const file = sep + parts.slice(0, at + 1).join(sep);
    const stats = statsOf(file);
    if (stats === undefined) return undefined;
    if (stats.isFile()) return { file, inside: parts.slice(at + 1) };
  }
  return undefined;
}

type IndexOf = (file: string, opened: { fd: number; stats: Stats }) => ReadonlyMap<string, Member>;

/** The index of an archive, read anew when the file is another: reading the headers of a large one takes a while. */
function keptIndex(): IndexOf {
  let kept: { readonly identity: string; readonly members: ReadonlyMap<string, Member> } | undefined;
  return (file, { fd, stats }) => {
    const { dev, ino, size, mtimeMs, ctimeMs } = stats;
    const identity = JSON.stringify([file, dev, ino, size, mtimeMs, ctimeMs]);
    if (kept?.identity !== identity) {
      const whole = { fd, path: file, offset: 0, length: size };
      const members = unwrap(readIndex(size, (offset, length) => readSome(whole, offset, length)));
      kept = { identity, members };
    }
    return kept.members;
  };
}

function openMember(file: string, path: string, indexOf: IndexOf): Opened | undefined {
  const opened = openFile(file);
  if (opened === undefined) throw unreachable(file, "no such archive");
  try {
    const member = indexOf(file, opened).get(path);
    if (member !== undefined) return { fd: opened.fd, path: `${file}/${path}`, ...member };
  } catch (error) {
    closeSync(opened.fd);
    throw error;
  }
  closeSync(opened.fd);
  return undefined;
}

/** What is there, a link taken as a link; a medium that fails is one that is not there, and not the board's own disk. */
function statsOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw unreachable(path, reasonOf(error), error);
  }
}

/** Also where a link leads in circles, or a file stands where a directory should. */
function isAbsence(error: unknown): boolean {
  const { code = "" } = error as NodeJS.ErrnoException;
  return ["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG"].includes(code);
}

/** Opens a regular file, never a link, never a pipe that would block. */
function openFile(path: string): { fd: number; stats: Stats } | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw unreachable(path, reasonOf(error), error);
  }
  const stats = fstatSync(fd);
  if (stats.isFile()) return { fd, stats };
  closeSync(fd);
  return undefined;
}

function readExactly(from: Opened, at: number, length: number): Uint8Array {
  const bytes = readSome(from, at, length);
  if (bytes.byteLength !== length) throw unreachable(from.path, "it became shorter while it was read");
  return bytes;
}

function readSome(from: Opened, at: number, length: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(0, length));
  try {
    let got = 0;
    for (let more = -1; more !== 0 && got < length; got += more) {
      more = readSync(from.fd, bytes, got, length - got, from.offset + at + got);
    }
    return bytes.subarray(0, got);
  } catch (error) {
    throw unreachable(from.path, reasonOf(error), error);
  }
}

function unreachable(url: string, reason: string, cause?: unknown) {
  return fault("UPDATE_NETWORK", { url, reason }, cause);
}
