/** The one way to replace a file: what is left after things go wrong. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import {
  checkDirectory,
  ensureDirectory,
  readBounded,
  sweepTemporaries,
  writeDurable,
} from "../../../runtime/kernel/durable.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "durable-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe("a durable write", () => {
  it("replaces the content whole and leaves nothing else behind", () => {
    const path = join(directory, "a");
    writeDurable(path, utf8("one"), 0o600);
    writeDurable(path, utf8("two"), 0o600);
    expect(readFileSync(path, "utf8")).toBe("two");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory)).toEqual(["a"]);
  });

  it("keeps the old content and says DISK_WRITE when the directory is gone", () => {
    expect(() => writeDurable(join(directory, "absent", "a"), utf8("x"))).toThrow(
      expect.objectContaining({ code: "DISK_WRITE" }),
    );
  });

  it("sweeps what an interrupted write left, and only that", () => {
    writeFileSync(join(directory, ".tmp-1-1-a"), "half");
    writeFileSync(join(directory, "a"), "whole");
    sweepTemporaries(directory);
    expect(readdirSync(directory)).toEqual(["a"]);
  });

  it("does not read a file that is larger than asked for", () => {
    writeFileSync(join(directory, "a"), "0123456789");
    const read = readBounded(join(directory, "a"), 9);
    expect(!read.ok && read.error.code).toBe("DISK_TOO_LARGE");
  });
});

describe("a directory that is to keep something", () => {
  it.each(["/proc/sallyport/state", "/sys/sallyport", "/dev/sallyport/a/b", "/proc"])(
    "is refused at %s before anything is made",
    (path) => {
      expect(() => ensureDirectory(path)).toThrow(expect.objectContaining({ code: "DISK_NOT_A_DISK" }));
    },
  );

  it("is refused where a link leads there, and dots do not hide it", () => {
    symlinkSync("/proc", join(directory, "link"));
    for (const path of [join(directory, "link", "a", "b"), `${directory}/../../../proc/a`, "/../proc/a"]) {
      expect(checkDirectory(path)).toMatchObject({ ok: false, error: { code: "DISK_NOT_A_DISK" } });
    }
  });

  it("is made elsewhere, with all that is missing above it", () => {
    ensureDirectory(join(directory, "a", "b", "c"));
    expect(readdirSync(join(directory, "a", "b"))).toEqual(["c"]);
    expect(checkDirectory("/process/a").ok).toBe(true);
  });
});
