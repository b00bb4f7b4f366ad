/** A repository on a stick: a directory or one archive, through the same checks as a server's files. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, renameSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it, vi } from "vitest";
import { attempt, attemptSync, unwrap } from "../../../runtime/kernel/result.ts";
import { readIndex } from "../../../updater/archive.ts";
import { fileSource } from "../../../updater/client/file-source.ts";
import { memorySink } from "../../../updater/client/source.ts";
import { codeOf, DEVICE, FILES, faultOf, makeReadySite, releaseInput, type Site } from "./site.ts";

vi.mock("../../../updater/archive.ts", { spy: true });

/** The public part of a site's repository, copied where a stick would be. */
function stickOf(site: Site): string {
  const stick = join(site.boardDirectory("stick"), "site");
  for (const part of ["image", "director"]) cpSync(join(site.directory, part), join(stick, part), { recursive: true });
  return stick;
}

function boardOn(site: Site, place: string) {
  const address = (below: string) => ({
    metadataUrl: `${pathToFileURL(place).href}/${below}/metadata/`,
    targetsUrl: `${pathToFileURL(place).href}/${below}/targets/`,
  });
  return site.board("offline", {
    image: { ...address("image"), root: site.repositories.imageRoot() },
    director: { ...address(`director/${DEVICE}`), root: site.repositories.directorRoot() },
  });
}

function packed(stick: string): string {
  const file = `${stick}.tar`;
  const tar = spawnSync("tar", ["--format=ustar", "-cf", file, "-C", stick, "--no-recursion", ...listed(stick)]);
  expect(tar.status).toBe(0);
  return file;
}

function listed(stick: string): string[] {
  const found = spawnSync("find", [".", "-type", "f", "-printf", "%P\n"], { cwd: stick, encoding: "utf8" });
  return found.stdout.trim().split("\n").sort();
}

describe("a board without a network", () => {
  it("updates from a directory and from an archive as it does from a server", async () => {
    const site = await makeReadySite();
    const stick = stickOf(site);
    await site.server.close();
    for (const place of [stick, packed(stick)]) {
      const board = boardOn(site, place);
      const target = unwrap(unwrap(await board.refresh()).agreed(FILES.module));
      expect(unwrap(await board.fetchTarget(target))).toEqual(releaseInput("1.0.0").module);
      board.close();
      rmSync(site.boardDirectory("offline"), { recursive: true });
    }
  });

  it("says that the medium is not there, and that an archive is cut short", async () => {
    const site = await makeReadySite();
    const stick = stickOf(site);
    const file = packed(stick);
    expect(faultOf(await boardOn(site, `${stick}-gone`).refresh())).toMatchObject({
      code: "UPDATE_NETWORK",
      kind: "network",
    });
    truncateSync(file, 3000);
    expect(codeOf(await boardOn(site, file).refresh())).toBe("UPDATE_ARCHIVE");
  });
});

describe("a stick's directory", () => {
  const place = async () => {
    const site = await makeReadySite();
    const stick = stickOf(site);
    const urls = {
      metadataUrl: pathToFileURL(`${stick}/image/metadata/`).href,
      targetsUrl: pathToFileURL(`${stick}/image/targets/`).href,
    };
    return { stick, source: fileSource(urls) };
  };

  it("is not left by links, pipes or names", async () => {
    const { stick, source } = await place();
    const metadata = join(stick, "image", "metadata");
    symlinkSync("/etc/passwd", join(metadata, "link.json"));
    symlinkSync("/etc", join(stick, "image", "targets", "elsewhere"));
    mkdirSync(join(metadata, "folder.json"));
    expect(spawnSync("mkfifo", [join(metadata, "pipe.json")]).status).toBe(0);
    for (const name of ["link.json", "folder.json", "pipe.json", "../../../etc/passwd", "/etc/passwd", "", "."]) {
      expect(await source.metadata(name, 10_000), name).toBeUndefined();
    }
    for (const path of ["elsewhere/passwd", "../metadata/timestamp.json"]) {
      expect(codeOf(await attempt(() => source.target(path, 10, memorySink(10)))), path).toBe("UPDATE_NETWORK");
    }
  });

  it("gives no more than was asked for, and continues where the last attempt ended", async () => {
    const { stick, source } = await place();
    expect(codeOf(await attempt(() => source.metadata("timestamp.json", 10)))).toBe("UPDATE_TOO_LARGE");
    renameSync(join(stick, "image/metadata/timestamp.json"), join(stick, "image/targets/file"));
    const whole = memorySink(10_000);
    const { size: length } = statSync(join(stick, "image/targets/file"));
    await source.target("file", length, whole);
    const resumed = memorySink(length);
    resumed.append(whole.bytes().subarray(0, 100));
    await source.target("file", length, resumed);
    expect(resumed.bytes()).toEqual(whole.bytes());
  });
});

describe("a stick that was made to confuse", () => {
  const broken: readonly (readonly [string, (stick: string) => void])[] = [
    ["a link that leads to itself", (stick) => symlinkSync("image", join(stick, "image"))],
    [
      "a link to a file",
      (stick) => {
        writeFileSync(join(stick, "file"), "x");
        symlinkSync("file", join(stick, "image"));
      },
    ],
  ];
  it.each(broken)("is a medium that is not there, and no fault of the board's disk: %s", async (_, damage) => {
    const stick = (await makeReadySite()).boardDirectory("stick");
    mkdirSync(stick, { recursive: true });
    damage(stick);
    const place = (part: string) => pathToFileURL(`${stick}/image/${part}/`).href;
    const source = fileSource({ metadataUrl: place("metadata"), targetsUrl: place("targets") });
    expect(codeOf(await attempt(() => source.metadata("timestamp.json", 1000)))).toBe("UPDATE_NETWORK");
  });

  it("with a name that no file can have holds no such file", async () => {
    const site = await makeReadySite();
    const stick = stickOf(site);
    const place = (part: string) => pathToFileURL(`${stick}/image/${part}/`).href;
    const source = fileSource({ metadataUrl: place("metadata"), targetsUrl: place("targets") });
    const path = `${"a".repeat(300)}/module.wasm`;
    expect(codeOf(await attempt(() => source.target(path, 1, memorySink(1))))).toBe("UPDATE_NETWORK");
  });

  it("has the headers of its archive read once, as long as it is the same archive", async () => {
    const site = await makeReadySite();
    const stick = stickOf(site);
    const file = packed(stick);
    const place = (part: string) => pathToFileURL(`${file}/image/${part}/`).href;
    const source = fileSource({ metadataUrl: place("metadata"), targetsUrl: place("targets") });
    const before = await source.metadata("timestamp.json", 10_000);
    expect(before).toBeDefined();
    vi.mocked(readIndex).mockClear();
    expect(await source.metadata("timestamp.json", 10_000)).toEqual(before);
    expect(readIndex).not.toHaveBeenCalled();
    unwrap(await site.repositories.resign());
    for (const part of ["image", "director"])
      cpSync(join(site.directory, part), join(stick, part), { recursive: true });
    packed(stick);
    expect(await source.metadata("timestamp.json", 10_000)).not.toEqual(before);
    expect(readIndex).toHaveBeenCalledOnce();
  });
});

describe("an address that is none of a file", () => {
  it("is refused without its password", () => {
    const made = attemptSync(() =>
      fileSource({ metadataUrl: "file:///stick/", targetsUrl: "https://me:s3cret@updates.example/targets/" }),
    );
    expect(made.ok ? "made" : made.error.line()).toContain("updates.example");
    expect(made.ok ? "" : JSON.stringify([made.error.line(), made.error.facts])).not.toContain("s3cret");
  });
});
