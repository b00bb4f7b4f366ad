/**
 * Bounded reading of the small text files of sysfs and procfs. Numbers are decimal: a newer kernel prints
 * "21500.000000000" where an older one printed "21500" (measured on 6.1 and 6.12), so nothing here parses integers.
 * Values are read in the thread pool: some drivers answer only after a bus transaction, and the agent must not wait.
 */
import { closeSync, constants, openSync, readdirSync, readSync } from "node:fs";
import { open } from "node:fs/promises";
import { fault } from "../faults.ts";

/** Never block on a FIFO that somebody put where a file should be. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;
const TEXT_MAX = 8192;
const NUMBER_MAX = 64;
const DECIMAL = /^[+-]?\d{1,20}(?:\.\d{1,25})?(?:e[+-]?\d{1,2})?$/;

/** The first `max` bytes of a file as text. Throws the system's error. */
export async function readText(path: string, max = TEXT_MAX): Promise<string> {
  const file = await open(path, FLAGS);
  try {
    const buffer = Buffer.alloc(max);
    const { bytesRead } = await file.read(buffer, 0, max, null);
    return buffer.toString("latin1", 0, bytesRead);
  } finally {
    await file.close();
  }
}

/** The same without waiting, for discovery when the board is opened; undefined when there is no such file. */
export function readTextNow(path: string, max = TEXT_MAX): string | undefined {
  let fd: number;
  try {
    fd = openSync(path, FLAGS);
  } catch {
    return undefined;
  }
  try {
    const buffer = Buffer.alloc(max);
    return buffer.toString("latin1", 0, readSync(fd, buffer, 0, max, null));
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}

/** A decimal number, alone or followed by a line end. */
export function parseDecimal(text: string, path: string): number {
  const trimmed = text.trim();
  if (!DECIMAL.test(trimmed)) throw fault("DEVICE_READING_REFUSED", { path, found: trimmed });
  return Number(trimmed);
}

export async function readDecimal(path: string): Promise<number> {
  return parseDecimal(await readText(path, NUMBER_MAX), path);
}

/** Names in a directory, in numeric order (hwmon2 before hwmon10); none when it does not exist. */
export function listNames(directory: string): readonly string[] {
  try {
    return readdirSync(directory).sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  } catch {
    return [];
  }
}
