/** Wrong paths: a single-file repository whose members have names that leave it, are links, or stand there twice. */
import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { describe, it } from "vitest";
import { concatBytes, utf8 } from "../../../runtime/kernel/bytes.ts";
import { archiveEnd, memberHeader, memberPadding } from "../../../updater/archive.ts";
import { makeReadySite } from "../../unit/updater/site.ts";
import { boardAt } from "./impostor.ts";
import { sees } from "./sees.ts";

/** One member whose header was changed as somebody does who means it: the checksum is right. */
function member(path: string, change: (block: Uint8Array) => void = () => {}): Uint8Array {
  const body = utf8("{}");
  const block = new Uint8Array(memberHeader("image/metadata/x.json", body.byteLength));
  block.fill(0, 0, 100);
  block.set(utf8(path), 0);
  change(block);
  block.set(utf8("        "), 148);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.set(utf8(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  return concatBytes(block, body, memberPadding(body.byteLength));
}

const isLink = (block: Uint8Array) => {
  block.set(utf8("2"), 156);
  block.set(utf8("/etc/passwd"), 157);
};
const isHuge = (block: Uint8Array) => block.set(utf8("77777777777\0"), 124);

describe("an archive", () => {
  it.each([
    ["../../etc/passwd", [member("../../etc/passwd")]],
    ["/etc/passwd", [member("/etc/passwd")]],
    ["a link", [member("image/metadata/timestamp.json", isLink)]],
    ["one name twice", [member("image/metadata/timestamp.json"), member("image/metadata/timestamp.json")]],
    ["a member longer than the file", [member("image/metadata/timestamp.json", isHuge)]],
  ])("is refused as a whole for %s in it", async (_, members) => {
    const site = await makeReadySite();
    const file = site.boardDirectory("site.tar");
    writeFileSync(file, concatBytes(...members, archiveEnd()));
    const text = /^the archive is not one of a repository, at byte \d+: /;
    sees(await boardAt(site, `${pathToFileURL(file).href}/`).refresh(), "UPDATE_ARCHIVE", "refusal", text);
  });
});
