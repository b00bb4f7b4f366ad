/** Ways out of a directory that a guest is given, each tried: none leads out, none opens what would wait or act. */
import { spawnSync } from "node:child_process";
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createWasi } from "../../../../runtime/wasi/index.ts";
import { ALL, folder, guestIn, guestOf, READ, rights, WRITE } from "./rig.ts";

const CREAT = 1;
const DIRECTORY = 2;
const TRUNC = 8;

function world() {
  const { root, outside } = folder();
  mkdirSync(join(root, "dir", "deep"), { recursive: true });
  writeFileSync(join(root, "file"), "inside");
  writeFileSync(join(root, "dir", "file"), "in dir");
  return { root, outside, guest: guestIn(root) };
}

describe("a link that leads out", () => {
  it.each([
    ["relative", "../outside/secret", "perm"],
    ["through a directory", "dir/../../outside/secret", "perm"],
    ["absolute", "/etc/hostname", "perm"],
    ["to this process's own files", "/proc/self/fd/0", "perm"],
    ["to the root of all processes", "/proc/self/root/etc/hostname", "perm"],
    ["to itself", "link", "loop"],
    ["to nothing", "nowhere", "noent"],
    ["down and up again", "dir/deep/../../../outside/secret", "perm"],
  ])("%s is not followed", (_what, target, refused) => {
    const { root, guest } = world();
    symlinkSync(target, join(root, "link"));
    expect(guest.open("link")).toBe(refused);
    expect(guest.stat("link")).toBe(refused);
    expect(guest.open("link", { follow: false })).toBe("loop");
    expect(guest.stat("link", false)).toMatchObject({ type: 7 });
  });

  it("is not followed in the middle of a path, whether one asks for following or not", () => {
    const { root, outside, guest } = world();
    symlinkSync("../outside", join(root, "rel"));
    symlinkSync(outside, join(root, "abs"));
    symlinkSync("/proc/self/root", join(root, "magic"));
    for (const path of [
      "rel/secret",
      "abs/secret",
      "magic/etc/hostname",
      "rel",
      "rel/",
      "rel/.",
      "dir/../rel/secret",
    ]) {
      for (const follow of [true, false]) {
        if (path === "rel" && !follow) continue;
        expect(guest.open(path, { follow, rights: 0n })).toBe("perm");
        expect(guest.stat(path, follow)).toBe("perm");
      }
    }
  });

  it("makes nothing outside: no file, directory, link or new name", () => {
    const { root, outside, guest } = world();
    symlinkSync("../outside", join(root, "out"));
    symlinkSync("../outside/new", join(root, "dangling"));
    expect(guest.open("out/new", { oflags: CREAT, rights: WRITE })).toBe("perm");
    expect(guest.open("dangling", { oflags: CREAT, rights: WRITE })).toBe("perm");
    expect(guest.open("out/secret", { oflags: TRUNC, rights: WRITE })).toBe("perm");
    expect(guest.path("path_create_directory", "out/new")).toBe("perm");
    expect(guest.path("path_unlink_file", "out/secret")).toBe("perm");
    expect(guest.path("path_remove_directory", "out/")).toBe("notdir");
    expect(guest.symlink("x", "out/new")).toBe("perm");
    expect(guest.link("file", "out/new")).toBe("perm");
    expect(guest.link("out/secret", "new")).toBe("perm");
    expect(guest.rename("file", "out/new")).toBe("perm");
    expect(guest.rename("out/secret", "new")).toBe("perm");
    expect(readdirSync(outside)).toEqual(["secret"]);
    expect(readFileSync(join(outside, "secret"), "utf8")).toBe("secret");
  });

  it("is renamed, removed and linked as itself", () => {
    const { root, outside, guest } = world();
    symlinkSync("../outside/secret", join(root, "out"));
    expect(guest.rename("out", "dir/out")).toBe("success");
    expect(guest.link("dir/out", "again")).toBe("success");
    expect(readlinkSync(join(root, "again"))).toBe("../outside/secret");
    expect(guest.path("path_unlink_file", "again")).toBe("success");
    expect(readdirSync(outside)).toEqual(["secret"]);
  });

  it("cannot be made", () => {
    const { guest } = world();
    expect(guest.symlink("/etc", "new")).toBe("perm");
    expect(guest.symlink("../outside", "new")).toBe("perm");
    expect(guest.symlink("deep/../../../outside", "dir/new")).toBe("perm");
    expect(guest.symlink("../file", "dir/new")).toBe("success");
    expect(guest.open("dir/new")).toBeTypeOf("number");
  });

  it("gets no times set", () => {
    const { root, outside, guest } = world();
    symlinkSync("../outside/secret", join(root, "out"));
    const [at = 0, length = 0] = guest.lay("out");
    expect(guest.call("path_filestat_set_times", 3, 1, at, length, 5n, 5n, 5)).toBe("perm");
    expect(guest.call("path_filestat_set_times", 3, 0, at, length, 5n, 5n, 5)).toBe("success");
    expect(guest.stat("out", false)).toMatchObject({ mtim: 5n });
    expect(existsSync(join(outside, "secret"))).toBe(true);
  });
});

describe("a path", () => {
  it.each([
    "..",
    "../",
    "../outside/secret",
    "dir/../..",
    "./../outside",
    "dir/deep/../../../outside/secret",
    "/",
    "/etc",
  ])("%s leads nowhere", (path) => {
    const { guest } = world();
    expect(guest.open(path, { rights: 0n })).toBe("perm");
    expect(guest.path("path_create_directory", `${path}/x`)).toBe("perm");
  });

  it("goes up as far as the directory it began in, not as far as the one that was granted", () => {
    const { guest } = world();
    const deep = guest.open("dir/deep", { oflags: DIRECTORY, rights: ALL & ~WRITE, inheriting: ALL });
    expect(deep).toBeTypeOf("number");
    expect(guest.open("dir/deep/../../file")).toBeTypeOf("number");
    expect(guest.open("../file", { fd: deep as number })).toBe("perm");
  });

  it("that goes up through a link ends where the link leads, not where it is written", () => {
    const { root, guest } = world();
    symlinkSync("dir/deep", join(root, "short"));
    const fd = guest.open("short/../file");
    expect(guest.read(fd as number)).toBe("in dir");
  });

  it("of strange bytes is a name or an error, never another name", () => {
    const { root, guest } = world();
    expect(guest.open(Uint8Array.of(0x66, 0xff, 0x66))).toBe("ilseq");
    expect(guest.open(Uint8Array.of(0xc0, 0xae, 0xc0, 0xae, 0x2f, 0x78))).toBe("ilseq");
    expect(guest.open("file\0../../outside/secret")).toBe("inval");
    expect(guest.open("")).toBe("noent");
    expect(guest.open("..\u2215outside")).toBe("noent");
    for (const name of ["ünï", "\ufeffbom", "…", ". .", "..\\outside", "%2e%2e", "a\nb", "\u202e"]) {
      expect(guest.open(name, { oflags: CREAT, rights: WRITE })).toBeTypeOf("number");
      expect(readdirSync(root)).toContain(name);
    }
  });

  it("may be long, up to the bound, and deep, up to the bound", () => {
    const { guest } = world();
    expect(guest.open("x".repeat(255))).toBe("noent");
    expect(guest.open("x".repeat(256))).toBe("nametoolong");
    expect(guest.open("x".repeat(4096))).toBe("nametoolong");
    expect(guest.open("x".repeat(5000))).toBe("nametoolong");
    expect(guest.open(`${"./".repeat(2045)}file`)).toBeTypeOf("number");
    expect(guest.open(`${"dir/../".repeat(580)}file`)).toBeTypeOf("number");
    for (const name of ["path_create_directory", "path_unlink_file", "path_remove_directory"] as const) {
      expect(guest.path(name, "y".repeat(4096))).toBe("nametoolong");
    }
  });

  it("of many links costs a bounded number of steps", () => {
    const { root, guest } = world();
    for (let n = 0; n < 50; n += 1) symlinkSync(n === 0 ? "file" : `l${n - 1}`, join(root, `l${n}`));
    expect(guest.open("l39")).toBeTypeOf("number");
    expect(guest.open("l40")).toBe("loop");
    const long = "./".repeat(1000);
    for (let n = 0; n < 30; n += 1)
      symlinkSync(`${long}${n === 0 ? "dir" : `m${n - 1}/${long}.`}`, join(root, `m${n}`));
    expect(guest.open("m29/deep", { rights: 0n })).toBe("nametoolong");
  });
});

describe("what is no file and no directory", () => {
  it("is not opened, so that nothing waits and nothing acts", async () => {
    const { root, guest } = world();
    spawnSync("mkfifo", [join(root, "pipe")]);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(root, "socket"), resolve));
    try {
      for (const name of ["pipe", "socket"]) {
        for (const with_ of [
          {},
          { rights: WRITE },
          { oflags: TRUNC, rights: WRITE },
          { oflags: CREAT },
          { rights: 0n },
        ]) {
          expect(guest.open(name, with_)).toBe("perm");
        }
        expect(guest.stat(name)).toMatchObject({ size: 0n });
        expect(guest.link(name, "other")).toBe("perm");
      }
    } finally {
      server.close();
    }
  });

  it("is not opened where devices are files", () => {
    const guest = guestOf({ preopens: [{ guestPath: "/dev", hostPath: "/dev" }] });
    for (const name of ["null", "zero", "tty"]) {
      expect(guest.open(name)).toBe("perm");
      expect(guest.open(name, { rights: WRITE })).toBe("perm");
    }
  });
});

describe("another file system", () => {
  it("is not entered, looked at or written to", () => {
    const guest = guestOf({ preopens: [{ guestPath: "/", hostPath: "/" }] });
    for (const path of [
      "proc",
      "proc/self/status",
      "proc/self/../1/root",
      "dev/null",
      "sys/kernel",
      "proc/self/fd/0",
    ]) {
      expect(guest.open(path, { rights: 0n })).toBe("xdev");
      expect(guest.stat(path)).toBe("xdev");
    }
    expect(guest.path("path_create_directory", "proc/new")).toBe("xdev");
    expect(guest.path("path_unlink_file", "dev/null")).toBe("xdev");
    expect(guest.open("proc/../etc", { rights: 0n })).toBe("xdev");
    expect(guest.open("etc", { rights: 0n })).toBeTypeOf("number");
  });

  it("whose files are processes is not given at all", () => {
    for (const hostPath of ["/proc", "/proc/self/fd", "/proc/1", "/nowhere"]) {
      const made = createWasi({ preopens: [{ guestPath: "/p", hostPath }] });
      expect(made.ok ? "" : made.error.line()).toContain("WASI_PREOPEN");
    }
  });
});

describe("a hard link", () => {
  it("is made within one granted directory only", () => {
    const { root } = world();
    const other = folder().root;
    const guest = guestOf({
      preopens: [
        { guestPath: "/a", hostPath: root, readonly: true },
        { guestPath: "/b", hostPath: other },
        { guestPath: "/c", hostPath: root },
      ],
    });
    const [a = 0, b = 0, c = 0, d = 0] = guest.lay("file", "new");
    expect(guest.call("path_link", 3, 0, a, b, 4, c, d)).toBe("notcapable");
    expect(guest.call("path_link", 5, 0, a, b, 4, c, d)).toBe("xdev");
    expect(guest.call("path_link", 5, 0, a, b, 5, c, d)).toBe("success");
    expect(guest.call("path_link", 5, 1, a, b, 5, c, d)).toBe("inval");
  });

  it("that the host has made is a file like any other", () => {
    const { root, outside, guest } = world();
    linkSync(join(outside, "secret"), join(root, "shared"));
    expect(guest.read(guest.open("shared") as number)).toBe("secret");
  });

  it("of a directory is not made", () => {
    const { guest } = world();
    expect(guest.link("dir", "new")).toBe("perm");
    expect(guest.link(".", "new")).toBe("perm");
  });
});

describe("a read-only directory", () => {
  it("is not written to by any call", () => {
    const { root } = world();
    const guest = guestIn(root, { preopens: [{ guestPath: "/", hostPath: root, readonly: true }] });
    const before = readdirSync(root, { recursive: true });
    expect(guest.open("new", { oflags: CREAT })).toBe("notcapable");
    expect(guest.open("file", { oflags: TRUNC })).toBe("notcapable");
    expect(guest.open("file", { rights: WRITE })).toBe("notcapable");
    for (const name of ["path_create_directory", "path_unlink_file", "path_remove_directory"] as const) {
      expect(guest.path(name, "dir")).toBe("notcapable");
    }
    expect(guest.symlink("file", "new")).toBe("notcapable");
    expect(guest.link("file", "new")).toBe("notcapable");
    expect(guest.rename("file", "new")).toBe("notcapable");
    const [at = 0, length = 0] = guest.lay("file");
    expect(guest.call("path_filestat_set_times", 3, 0, at, length, 5n, 5n, 5)).toBe("notcapable");
    const fd = guest.open("file", {
      rights: READ | rights("fd_filestat_set_size", "fd_allocate"),
      inheriting: ALL,
    }) as number;
    expect(guest.read(fd)).toBe("inside");
    expect(guest.write(fd, "x")).toBe("notcapable");
    expect(guest.call("fd_filestat_set_size", fd, 0n)).toBe("notcapable");
    expect(guest.call("fd_allocate", fd, 0n, 100n)).toBe("notcapable");
    expect(guest.call("fd_filestat_set_times", fd, 5n, 5n, 5)).toBe("notcapable");
    expect(guest.call("fd_fdstat_set_rights", fd, ALL, ALL)).toBe("notcapable");
    expect(readdirSync(root, { recursive: true })).toEqual(before);
    expect(readFileSync(join(root, "file"), "utf8")).toBe("inside");
  });
});
