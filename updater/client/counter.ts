/**
 * A number outside the updater's directory that only rises, so that an older copy of the whole directory (a restored
 * backup, a flash image written back) is noticed. A file on another partition is the implementation here; a TPM's
 * non-volatile counter is the one that nobody with the disk can turn back, and is a later implementation of the port.
 */
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { ensureDirectory, readBounded, writeDurable } from "../../runtime/kernel/durable.ts";
import { reasonOf } from "../../runtime/kernel/fault.ts";
import { ok, type Result } from "../../runtime/kernel/result.ts";
import { integer, object, oneOf, parseJson } from "../../runtime/kernel/shape.ts";
import { fault } from "../faults.ts";
import { sealed, unsealed } from "./sealed.ts";

export interface Counter {
  /** What faults call it. */
  readonly name: string;
  /** The highest number raised to; 0 before the first time; UPDATE_COUNTER when it was damaged. */
  read(): Result<number>;
  /** Durable when it returns; a lower number changes nothing. Throws DISK_WRITE. */
  raise(to: number): void;
}

const shape = object({
  schema: oneOf("sallyport.counter/1"),
  value: integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
});
const BYTES_MAX = 1000;

export function fileCounter(path: string): Counter {
  function read(): Result<number> {
    if (!existsSync(path)) return ok(0);
    const bytes = readBounded(path, BYTES_MAX);
    const body = bytes.ok ? unsealed(bytes.value, "the counter") : bytes;
    const parsed = body.ok ? parseJson(shape, body.value, "the counter", BYTES_MAX) : body;
    if (parsed.ok) return ok(parsed.value.value);
    return { ok: false, error: fault("UPDATE_COUNTER", { path, reason: reasonOf(parsed.error) }, parsed.error) };
  }
  return {
    name: path,
    read,
    raise(to) {
      const before = read();
      if (before.ok && before.value >= to) return;
      ensureDirectory(dirname(path));
      writeDurable(path, sealed({ schema: "sallyport.counter/1", value: to }), 0o600);
    },
  };
}
