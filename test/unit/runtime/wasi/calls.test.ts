/** What the calls do for an honest program, and what a dishonest one gets: error numbers, never an exception. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { SP } from "../../../../runtime/host-module.ts";
import { createWasi, WasiExit, type WasiName } from "../../../../runtime/wasi/index.ts";
import { SIGNATURES } from "../../../../runtime/wasi/preview1.ts";
import { ALL, folder, guestIn, guestOf, READ, rights, WRITE } from "./rig.ts";

const CREAT = 1;
const DIRECTORY = 2;
const APPEND = 1;

describe("files", () => {
  it("are read and written where the descriptor stands", () => {
    const { root } = folder();
    const guest = guestIn(root);
    const fd = guest.open("new", { oflags: CREAT, rights: READ | WRITE }) as number;
    expect(guest.write(fd, "hello world")).toBe(11);
    expect(guest.call("fd_seek", fd, -5n, 2, guest.OUT)).toBe("success");
    expect(guest.read(fd)).toBe("world");
    expect(guest.read(fd)).toBe("");
    expect(guest.call("fd_seek", fd, -1n, 0, guest.OUT)).toBe("inval");
    expect(guest.call("fd_tell", fd, guest.OUT)).toBe("success");
    expect(guest.out()).toBe(11);
    expect(guest.wasi.stats()).toMatchObject({ readBytes: 5, writtenBytes: 11, calls: { fd_read: 2, path_open: 1 } });
  });

  it("are appended to when opened so, wherever the descriptor stands", () => {
    const { root } = folder();
    writeFileSync(join(root, "log"), "one ");
    const guest = guestIn(root);
    const fd = guest.open("log", { rights: READ | WRITE | rights("fd_fdstat_set_flags"), fdflags: APPEND }) as number;
    guest.write(fd, "two ");
    guest.call("fd_seek", fd, 0n, 0, guest.OUT);
    guest.write(fd, "three");
    expect(guest.call("fd_fdstat_set_flags", fd, 0)).toBe("success");
    guest.call("fd_seek", fd, 0n, 0, guest.OUT);
    guest.write(fd, "ONE");
    expect(readFileSync(join(root, "log"), "utf8")).toBe("ONE two three");
  });

  it("keep times to the nanosecond", () => {
    const { root } = folder();
    writeFileSync(join(root, "file"), "");
    const guest = guestIn(root);
    const [at = 0, length = 0] = guest.lay("file");
    expect(guest.call("path_filestat_set_times", 3, 1, at, length, 1n, 1_700_000_000_123_456_789n, 4)).toBe("success");
    expect(guest.stat("file")).toMatchObject({ mtim: 1_700_000_000_123_456_789n });
    expect(guest.call("path_filestat_set_times", 3, 1, at, length, 0n, 0n, 12)).toBe("inval");
  });
});

describe("directories", () => {
  it("are listed in parts of any size, each name once, in the order of its bytes", () => {
    const { root } = folder();
    const names = Array.from({ length: 60 }, (_, n) => `entry-${String(n).padStart(3, "0")}`);
    for (const name of names) writeFileSync(join(root, name), "");
    const guest = guestIn(root);
    for (const room of [60, 100, 4096]) expect(guest.names(3, room)).toEqual([".", "..", ...names]);
  });

  it("with more entries than the quota are not listed", () => {
    const { root } = folder();
    for (let n = 0; n < 5; n += 1) writeFileSync(join(root, `f${n}`), "");
    expect(guestIn(root, { quotas: { directoryEntries: 4 } }).names(3)).toBe("overflow");
    expect(guestIn(root, { quotas: { directoryEntries: 5 } }).names(3)).toHaveLength(7);
  });
});

describe("rights", () => {
  it("of what is opened are at most what the directory passes on", () => {
    const { root } = folder();
    mkdirSync(join(root, "dir"));
    writeFileSync(join(root, "dir", "file"), "x");
    const guest = guestIn(root);
    const inheriting = READ | rights("path_open");
    const dir = guest.open("dir", { oflags: DIRECTORY, rights: rights("path_open"), inheriting }) as number;
    expect(guest.open("file", { fd: dir })).toBeTypeOf("number");
    expect(guest.open("file", { fd: dir, rights: WRITE })).toBe("notcapable");
    expect(guest.open("new", { fd: dir, oflags: CREAT })).toBe("notcapable");
    expect(guest.path("path_create_directory", "new", dir)).toBe("notcapable");
    expect(guest.call("fd_fdstat_set_rights", dir, ALL, inheriting)).toBe("notcapable");
    expect(guest.call("fd_fdstat_set_rights", dir, 0n, 0n)).toBe("success");
    expect(guest.open("file", { fd: dir })).toBe("notcapable");
  });

  it("go with a descriptor that gets another number", () => {
    const { root } = folder();
    writeFileSync(join(root, "file"), "x");
    const guest = guestIn(root);
    const file = guest.open("file") as number;
    expect(guest.call("fd_renumber", file, 1)).toBe("success");
    expect(guest.write(1, "x")).toBe("notcapable");
    expect(guest.read(1)).toBe("x");
    expect(guest.call("fd_renumber", 1, 40)).toBe("badf");
    expect(guest.call("fd_close", file)).toBe("badf");
  });

  it("are asked of the authority at each use, and what was revoked is closed", () => {
    const { root } = folder();
    writeFileSync(join(root, "file"), "x");
    const asked: string[] = [];
    let answer = 0;
    const authority = {
      check: (handle: string, right: string, cost: number) => {
        asked.push(`${handle} ${right} ${cost}`);
        return answer;
      },
    };
    const guest = guestIn(root, { authority });
    const file = guest.open("file", { rights: READ | WRITE }) as number;
    guest.write(file, "four");
    expect(asked).toEqual(["/ path_open 1", "/ fd_write 4"]);
    answer = SP.ERATE;
    expect(guest.read(file)).toBe("again");
    answer = SP.EQUOTA;
    expect(guest.read(file)).toBe("dquot");
    answer = SP.EDENIED;
    expect(guest.read(file)).toBe("notcapable");
    expect(guest.call("clock_time_get", 0, 0n, guest.OUT)).toBe("notcapable");
    expect(guest.call("random_get", 0, 8)).toBe("notcapable");
    answer = SP.EREVOKED;
    expect(guest.read(file)).toBe("notcapable");
    answer = 0;
    expect(guest.read(file)).toBe("badf");
    expect(guest.open("file")).toBeTypeOf("number");
  });
});

describe("quotas", () => {
  it("bound what is written, growth without writing included", () => {
    const { root } = folder();
    const guest = guestIn(root, { quotas: { writtenBytes: 100 } });
    const fd = guest.open("f", {
      oflags: CREAT,
      rights: WRITE | rights("fd_filestat_set_size", "fd_allocate"),
    }) as number;
    expect(guest.call("fd_filestat_set_size", fd, 1n << 40n)).toBe("dquot");
    expect(guest.call("fd_allocate", fd, 0n, 101n)).toBe("dquot");
    expect(guest.call("fd_filestat_set_size", fd, 60n)).toBe("success");
    expect(guest.write(fd, "x".repeat(50))).toBe(40);
    expect(guest.write(fd, "x")).toBe("dquot");
    expect(guest.call("fd_filestat_set_size", fd, 61n)).toBe("dquot");
  });

  it("bound open descriptors, and nothing is made when there is no room", () => {
    const { root } = folder();
    const guest = guestIn(root, { quotas: { descriptors: 6 } });
    const first = guest.open("a", { oflags: CREAT });
    guest.open("b", { oflags: CREAT });
    expect(guest.open("c", { oflags: CREAT })).toBe("mfile");
    expect(guest.stat("c")).toBe("noent");
    expect(guest.call("fd_close", first as number)).toBe("success");
    expect(guest.open("c", { oflags: CREAT })).toBe(first);
  });

  it("bound paths and random bytes", () => {
    const guest = guestIn(folder().root, { quotas: { pathBytes: 8, randomCallBytes: 16 } });
    expect(guest.open("a/b/c/d/e")).toBe("nametoolong");
    expect(guest.call("random_get", 0, 17)).toBe("inval");
    expect(guest.call("random_get", 0, 16)).toBe("success");
  });
});

describe("addresses", () => {
  it("outside the memory are EFAULT for every call and every argument, and nothing is thrown", () => {
    const { root } = folder();
    writeFileSync(join(root, "file"), "content");
    const values = [0, 1, 3, 4, 5, 8, 65_528, 65_536, 0x7fff_fff8, -1, 0xffff_fff0];
    const wide = [0n, 1n, -1n, 1n << 62n, 8n];
    let seed = 1;
    const random = () => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return seed >>> 8;
    };
    const pick = <T>(list: readonly T[]): T => list[random() % list.length] as T;
    const guest = guestIn(root);
    for (const name of Object.keys(SIGNATURES) as WasiName[]) {
      if (name === "proc_exit" || name === "poll_oneoff") continue;
      for (let n = 0; n < 300; n += 1) {
        if (guest.wasi.stats().openDescriptors < 5) guest.open("file", { rights: READ | WRITE });
        const types: string = SIGNATURES[name];
        guest.call(name, ...Array.from(types, (type) => (type === "i" ? pick(values) : pick(wide))));
      }
    }
    expect(guest.wasi.stats().failed).toBeGreaterThan(1000);
  });

  it("are looked up in the memory as it is now", () => {
    let memory = new Uint8Array(8);
    const made = createWasi({ random: (into) => into.fill(7) });
    if (!made.ok) throw made.error;
    made.value.bind(() => memory);
    expect(made.value.functions.random_get(4, 8)).toBe(21);
    memory = new Uint8Array(16);
    expect(made.value.functions.random_get(4, 8)).toBe(0);
    expect([...memory]).toEqual([0, 0, 0, 0, 7, 7, 7, 7, 7, 7, 7, 7, 0, 0, 0, 0]);
  });

  it("of too many stretches are refused, and of none do nothing", () => {
    const guest = guestOf({ stdout: { write: () => undefined } });
    expect(guest.call("fd_write", 1, 0, 1025, guest.OUT)).toBe("inval");
    expect(guest.call("fd_write", 1, 0, 0, guest.OUT)).toBe("success");
    expect(guest.call("fd_write", 1, 0, 0xffff_ffff, guest.OUT)).toBe("inval");
  });
});

describe("the end of a program", () => {
  it("is thrown, and thrown again at whoever caught it", () => {
    const guest = guestOf({});
    expect(() => guest.call("proc_exit", 7)).toThrow(WasiExit);
    expect(() => guest.call("sched_yield")).toThrow("status 7");
  });

  it("closes what is open on the host", () => {
    const { root } = folder();
    const guest = guestIn(root);
    guest.open("new", { oflags: CREAT });
    guest.wasi.close();
    expect(guest.wasi.stats().openDescriptors).toBe(0);
  });
});

describe("surroundings", () => {
  it("are what the embedder gives", () => {
    const guest = guestOf({
      args: ["prog", "é"],
      env: ["A=1"],
      clocks: { realtime: () => 1234n, monotonic: () => 56n, resolution: 10n },
    });
    guest.call("args_sizes_get", 0, 4);
    expect([guest.view.getUint32(0, true), guest.view.getUint32(4, true)]).toEqual([2, 8]);
    guest.call("args_get", 100, 200);
    expect(new TextDecoder().decode(guest.bytes.subarray(200, 208))).toBe("prog\0é\0");
    expect(guest.view.getUint32(104, true)).toBe(205);
    guest.call("clock_time_get", 0, 0n, 0);
    expect(guest.view.getBigUint64(0, true)).toBe(1230n);
    guest.call("clock_time_get", 1, 0n, 0);
    expect(guest.view.getBigUint64(0, true)).toBe(50n);
    guest.call("clock_res_get", 1, 0);
    expect(guest.view.getBigUint64(0, true)).toBe(10n);
    expect(guest.call("clock_time_get", 4, 0n, 0)).toBe("inval");
  });

  it("are nothing when nothing is given", () => {
    const made = createWasi({});
    if (!made.ok) throw made.error;
    const { functions } = made.value;
    made.value.bind(() => new Uint8Array(64));
    expect(functions.clock_time_get(0, 0n, 0)).toBe(58);
    expect(functions.random_get(0, 8)).toBe(58);
    expect(functions.fd_prestat_get(3, 0)).toBe(8);
    expect(functions.args_sizes_get(0, 4)).toBe(0);
    expect(functions.proc_raise(9)).toBe(58);
  });
});
