/**
 * What makes several files change as one: the journal names all writes of a publication that replaces a root, is
 * durable before the first of them, and is carried out again after a crash. The last thing removed is the journal.
 * Publications without a root need none: their timestamp is the one write that counts.
 */
import { isAbsolute, join, normalize, relative } from "node:path";
import { assert } from "../../runtime/kernel/assert.ts";
import { fromUtf8, utf8 } from "../../runtime/kernel/bytes.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { array, object, oneOf, parseJson, string } from "../../runtime/kernel/shape.ts";
import { type Disk, readIfThere, refuseLarger } from "./disk.ts";
import { fault } from "./faults.ts";
import type { paths } from "./layout.ts";
import type { Write } from "./metadata.ts";

const JOURNAL_BYTES_MAX = 64 * 1024 * 1024;

const inside = string({ min: 1, max: 500 });
const journalShape = object({
  schema: oneOf("sallyport.journal/1"),
  /** In this order; paths from the repository's directory. */
  writes: array(object({ path: inside, text: string({ max: 32 * 1024 * 1024 }) }), { max: 400 }),
  /** Removed when all is written. */
  removes: array(inside, { max: 4 }),
});

/** Throws DISK_WRITE, and DISK_TOO_LARGE for one that could not be replayed. */
export function writeJournal(
  directory: string,
  journal: string,
  writes: readonly Write[],
  removes: readonly string[],
  disk: Disk,
): void {
  const from = (path: string) => relative(directory, path);
  const document = {
    schema: "sallyport.journal/1",
    writes: writes.map(({ path, bytes }) => {
      const text = fromUtf8(bytes);
      assert(text !== undefined, "metadata is text");
      return { path: from(path), text };
    }),
    removes: removes.map(from),
  };
  const bytes = utf8(JSON.stringify(document));
  refuseLarger(journal, bytes, JOURNAL_BYTES_MAX);
  disk.write(journal, bytes, 0o600);
}

/** Carries out what a journal names; true when there was one. The caller removes it when all has followed. */
export function replayJournal(directory: string, at: ReturnType<typeof paths>, disk: Disk): boolean {
  const bytes = readIfThere(at.journal, JOURNAL_BYTES_MAX);
  if (bytes === undefined) return false;
  const { writes, removes } = unwrap(parseJson(journalShape, bytes, "the journal", JOURNAL_BYTES_MAX));
  const inTree = (path: string) => {
    if (isAbsolute(path) || normalize(path) !== path || path.startsWith("..")) {
      throw fault("REPO_UNREADABLE", { directory: at.journal, reason: `it names ${path}` });
    }
    return join(directory, path);
  };
  for (const { path, text } of writes) disk.write(inTree(path), utf8(text));
  for (const path of removes) disk.remove(inTree(path));
  return true;
}
