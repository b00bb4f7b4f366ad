/** A repository as one file: what is written is what tar reads and what is read back; everything else is refused. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { concatBytes, utf8 } from "../../../runtime/kernel/bytes.ts";
import { archiveEnd, isMemberPath, memberHeader, memberPadding, readIndex } from "../../../updater/archive.ts";

const LONG = `image/targets/modules/acme/${"long-name-".repeat(6)}/1.0.0/${"a".repeat(64)}.bundle.sigstore.json`;
const FILES: Readonly<Record<string, Uint8Array>> = {
  "image/metadata/timestamp.json": utf8("{}"),
  "image/metadata/1.root.json": new Uint8Array(512).fill(7),
  "director/board-1/targets/empty": new Uint8Array(),
  [LONG]: new Uint8Array(1300).fill(9),
};

function archive(files: Readonly<Record<string, Uint8Array>> = FILES): Uint8Array {
  const parts = Object.entries(files).flatMap(([path, bytes]) => [
    memberHeader(path, bytes.byteLength),
    bytes,
    memberPadding(bytes.byteLength),
  ]);
  return concatBytes(...parts, archiveEnd());
}

const index = (bytes: Uint8Array) =>
  readIndex(bytes.byteLength, (offset, length) => bytes.subarray(offset, offset + length));

function refusal(bytes: Uint8Array): string {
  const result = index(bytes);
  expect(result).toMatchObject({ ok: false, error: { code: "UPDATE_ARCHIVE" } });
  return result.ok ? "" : String(result.error.facts["reason"]);
}

/** Changes a header and makes its checksum right again, as somebody would who means it. */
function altered(at: number, bytes: Uint8Array, member = 0): Uint8Array {
  const all = archive();
  const block = all.subarray(member * 512, member * 512 + 512);
  block.set(bytes, at);
  block.set(utf8("        "), 148);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.set(utf8(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  return all;
}

describe("an archive", () => {
  it("gives back every member where it lies", () => {
    const bytes = archive();
    const members = index(bytes);
    expect(members.ok && [...members.value.keys()]).toEqual(Object.keys(FILES));
    for (const [path, content] of Object.entries(FILES)) {
      const member = members.ok ? members.value.get(path) : undefined;
      expect(bytes.subarray(member?.offset, (member?.offset ?? 0) + (member?.length ?? 0))).toEqual(content);
    }
  });

  it("is read by tar, long names too", () => {
    const folder = mkdtempSync(join(tmpdir(), "sallyport-archive-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, "a.tar"), archive());
    const tar = spawnSync("tar", ["tf", join(folder, "a.tar")], { encoding: "utf8" });
    expect(tar.stdout.trim().split("\n")).toEqual(Object.keys(FILES));
  });

  it("takes only paths of plain components that fit the format", () => {
    expect(Object.keys(FILES).every(isMemberPath)).toBe(true);
    for (const path of ["", "/a", "a/", "a//b", "../a", "a/../b", ".a", "a/.b", "a b", `${"a".repeat(120)}`]) {
      expect(isMemberPath(path), path).toBe(false);
    }
  });
});

describe("refused", () => {
  it("is one that ends early, anywhere", () => {
    const bytes = archive();
    for (let length = 0; length < bytes.byteLength - 512; length += 100) refusal(bytes.slice(0, length));
  });

  it("is another kind of file, and a header that was altered", () => {
    expect(refusal(new Uint8Array(2048).fill(1))).toContain("no tar header");
    const bytes = archive();
    bytes[0] = 66;
    expect(refusal(bytes)).toContain("checksum");
  });

  it("is a link, a device or a directory", () => {
    for (const type of ["1", "2", "3", "5", "x", "L", "\0"]) {
      expect(refusal(altered(156, utf8(type)))).toContain("regular file");
    }
  });

  it("is a name that leads elsewhere, the same name twice, and a member longer than the file", () => {
    expect(refusal(altered(0, utf8("../../etc/passwd\0")))).toContain("plain relative path");
    expect(refusal(altered(0, utf8("image/metadata/timestamp.json\0"), 2))).toContain("twice");
    expect(refusal(altered(124, utf8("77777777777\0")))).toContain("beyond its end");
    expect(refusal(altered(124, utf8("-0000000001\0")))).toContain("beyond its end");
  });
});
