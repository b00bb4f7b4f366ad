/** What boards or the next verb would not read is refused before it is written. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Metadata, Targets } from "@tufjs/models";
import { describe, expect, it, onTestFinished } from "vitest";
import { attemptSync, unwrap } from "../../../runtime/kernel/result.ts";
import { writeChange } from "../../../updater/repository/change.ts";
import { realDisk } from "../../../updater/repository/disk.ts";
import { writeJournal } from "../../../updater/repository/journal.ts";
import { paths } from "../../../updater/repository/layout.ts";
import { codeOf, FILES, faultOf, makeReadySite, releaseInput } from "./site.ts";

describe("a publication", () => {
  it("that makes a role longer than boards read is refused, and boards go on with what is there", async () => {
    const site = await makeReadySite();
    await site.forge(site.image, "team-acme", ["team-acme.pem"], (signed) => {
      const entry = signed.targets[FILES.manifest] ?? expect.fail("no release");
      Object.assign(entry.custom?.sallyport ?? {}, { note: "x".repeat(1_998_000) });
    });
    unwrap(await site.board().refresh());
    const refused = faultOf(await site.repositories.publishRelease(releaseInput("1.1.0")));
    expect(refused.code).toBe("REPO_TOO_LARGE");
    expect(refused.facts).toMatchObject({ what: "image team-acme", max: 2_000_000 });
    unwrap(await site.board().refresh());
  });
});

describe("what a verb leaves for the next one", () => {
  const place = () => {
    const folder = mkdtempSync(join(tmpdir(), "sallyport-bounds-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    return { folder, at: paths(folder) };
  };

  it("is no change that could not be read again, nor given up", () => {
    const { at } = place();
    const note = { note: "x".repeat(33 * 1024 * 1024) };
    const signed = new Targets({
      version: 1,
      specVersion: "1.0.31",
      expires: "2030-01-01T00:00:00Z",
      unrecognizedFields: note,
    });
    const documents = [{ repository: "image", role: "targets", metadata: new Metadata(signed) } as const];
    expect(codeOf(attemptSync(() => writeChange(at, { lead: "targets", documents }, realDisk)))).toBe("DISK_TOO_LARGE");
    expect(existsSync(at.change("targets"))).toBe(false);
  });

  it("is no journal that could not be replayed", () => {
    const { folder, at } = place();
    const bytes = Buffer.alloc(20 * 1024 * 1024, "x");
    const writes = [1, 2, 3, 4].map((one) => ({ path: join(folder, `${one}`), bytes }));
    expect(codeOf(attemptSync(() => writeJournal(folder, at.journal, writes, [], realDisk)))).toBe("DISK_TOO_LARGE");
    expect(existsSync(at.journal)).toBe(false);
  });
});
