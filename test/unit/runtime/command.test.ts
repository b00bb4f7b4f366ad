/** WASI commands as guests: what they reach, what they are told when it is taken away, and how they end. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { hostModule } from "../../../devices/index.ts";
import { checkCommand, engineOf, type Guest, type GuestOptions, load } from "../../../runtime/index.ts";
import { nodeClock } from "../../../runtime/kernel/node-world.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { COMMANDS, command } from "../../guests/commands.ts";
import { assemble, GUESTS } from "../../guests/guests.ts";

const LIMITS = { memoryPages: 4, tableElements: 8, callMs: 5000, logLinesPerMin: 600 };
const NOTCAPABLE = 76;
const ended: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of ended.splice(0)) await one();
});

/** `data/`, which a guest may be given, and `outside/secret`. */
function place() {
  const folder = mkdtempSync(join(tmpdir(), "sallyport-command-"));
  ended.push(() => rmSync(folder, { recursive: true, force: true }));
  const data = join(folder, "data");
  mkdirSync(data);
  mkdirSync(join(folder, "outside"));
  writeFileSync(join(folder, "outside", "secret"), "secret");
  const grant = { name: "data", hostPath: data, mode: "rw", bytes: 65_536 } as const;
  return { data, folder, grant, openFiles: () => openBelow(folder) };
}

/** Descriptors of this process that lead there. */
function openBelow(folder: string): number {
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder);
    } catch {
      return false;
    }
  }).length;
}

describe.each(["metered", "interpreter", "auto"] as const)("a command in the %s tier", (tier) => {
  async function launch(wasm: Uint8Array, over: Partial<GuestOptions> = {}) {
    const lines: string[] = [];
    const started = await engineOf(tier).start({
      module: unwrap(load(wasm, LIMITS)),
      host: hostModule,
      port: { call: () => ({ value: 0 }) },
      limits: LIMITS,
      identity: { deviceId: "porch-1", moduleName: "job", moduleVersion: "1.0.0" },
      local: {},
      clock: nodeClock,
      onLog: (more) => void lines.push(...more.map(({ level, text }) => (level === 1 ? text : `${level} ${text}`))),
      command: { args: [], env: [] },
      ...over,
    });
    if (started.ok) ended.push(() => started.value.terminate());
    return { started, lines };
  }
  async function run(wasm: Uint8Array, over: Partial<GuestOptions> = {}) {
    const { started, lines } = await launch(wasm, over);
    const status = await unwrap(started).run();
    return { status: status.ok ? status.value : status.error.code, lines };
  }

  it("writes below the directory that it was given, and its files are closed when it has ended", async () => {
    const { data, grant, openFiles } = place();
    expect(await run(COMMANDS.append, { local: { directories: [grant] } })).toEqual({ status: 0, lines: ["00", "00"] });
    expect(readFileSync(join(data, "log.txt"), "utf8")).toBe("hello\n");
    expect(openFiles()).toBe(0);
  });

  it("reaches nothing outside of it, by a link that is there or by one that it makes", async () => {
    const { data, folder, grant } = place();
    symlinkSync(join(folder, "outside"), join(data, "link"));
    expect(await run(COMMANDS.leave, { local: { directories: [grant] } })).toEqual({ status: 0, lines: ["63", "63"] });
    expect(readFileSync(join(folder, "outside", "secret"), "utf8")).toBe("secret");
    expect(readdirSync(data)).toEqual(["link"]);
  });

  it("has no directory that it was not given", async () => {
    expect((await run(COMMANDS.append)).lines).toEqual(["08", "76"]);
  });

  it("does not write where it may read, and not beyond its quota", async () => {
    const { data, grant } = place();
    writeFileSync(join(data, "log.txt"), "kept");
    const readOnly = { ...grant, mode: "ro", bytes: 0 } as const;
    expect((await run(COMMANDS.append, { local: { directories: [readOnly] } })).lines[0]).toBe("76");
    // One name and four bytes are there already.
    const small = { ...grant, bytes: 4096 + 4 + 6 };
    expect((await run(COMMANDS.grow, { local: { directories: [small] } })).lines).toEqual(["00", "19", "00"]);
    expect((await run(COMMANDS.append, { local: { directories: [small] } })).lines).toEqual(["00", "19"]);
    expect(readFileSync(join(data, "log.txt"), "utf8")).toBe("kepthello\n");
  });

  it("makes no name for which there is no room", async () => {
    const { data, grant } = place();
    expect((await run(COMMANDS.append, { local: { directories: [{ ...grant, bytes: 4095 }] } })).lines[0]).toBe("19");
    expect(readdirSync(data)).toEqual([]);
  });

  it("is told with the next call that its directory was taken away, through a file that is open", async () => {
    const { data, grant } = place();
    const { started, lines } = await launch(COMMANDS.appendForever, {
      local: { directories: [{ ...grant, bytes: 2 ** 30 }] },
    });
    const guest = unwrap(started);
    const running = guest.run();
    while (!existsSync(join(data, "log.txt"))) await new Promise(setImmediate);
    guest.revokeLocal("dir:another");
    guest.revokeLocal("dir:data");
    expect(await running).toEqual({ ok: true, value: NOTCAPABLE });
    expect(lines).toEqual(["00", "76"]);
  });

  it("has clock and random numbers by its grants only, each until it is taken away", async () => {
    expect((await run(COMMANDS.clockAndRandom)).lines).toEqual(["76", "76"]);
    expect((await run(COMMANDS.clockAndRandom, { local: { clock: "fine" } })).lines).toEqual(["00", "76"]);
    const { started, lines } = await launch(COMMANDS.clockAndRandom, { local: { clock: "fine", random: true } });
    unwrap(started).revokeLocal("clock");
    await unwrap(started).run();
    expect(lines).toEqual(["76", "00"]);
  });

  it("ends with its status, by proc_exit or by coming back", async () => {
    expect((await run(COMMANDS.exit7)).status).toBe(7);
    expect((await run(COMMANDS.exit0)).status).toBe(0);
    expect((await run(command("(nop)"))).status).toBe(0);
  });

  it("that traps, or overruns its time, is ended with its thread and its files", async () => {
    const { started } = await launch(COMMANDS.trap);
    expect((await unwrap(started).run()).ok).toBe(false);
    expect(await unwrap(started).ended).toMatchObject({ why: "trap", code: "unreachable" });
    const { grant, openFiles } = place();
    const slow = await launch(COMMANDS.spin, { limits: { ...LIMITS, callMs: 300 }, local: { directories: [grant] } });
    const guest: Guest = unwrap(slow.started);
    expect((await guest.run()).ok).toBe(false);
    expect(await guest.ended).toMatchObject({ why: "deadline", callMs: 300 });
    await guest.terminate();
    expect(openFiles()).toBe(0);
  });

  it("that sleeps has said what it had to say, and is ended where it is", async () => {
    const { grant, openFiles } = place();
    const { started, lines } = await launch(COMMANDS.sleep, { local: { clock: "coarse", directories: [grant] } });
    const guest = unwrap(started);
    const running = guest.run();
    while (lines.length === 0) await new Promise(setImmediate);
    expect(openFiles()).toBeGreaterThan(0);
    await guest.terminate();
    expect((await running).ok).toBe(false);
    expect(await guest.ended).toEqual({ why: "stopped" });
    expect(openFiles()).toBe(0);
  });

  it("finds its arguments and environment, and nothing of this machine's", async () => {
    const { lines } = await run(COMMANDS.surroundings, { command: { args: ["--once"], env: ["MODE=dry"] } });
    expect(lines).toEqual([`2 job\0--once\0${"\0".repeat(37)}MODE=dry\0${"\0".repeat(39)}`]);
  });

  it("has its output cut into lines of the log's size", async () => {
    const { lines } = await run(COMMANDS.longLine);
    expect(lines.map((one) => one.length)).toEqual([2000, 2000, 1000]);
  });

  it("is not started where its directory is not there, or is a link", async () => {
    const { data, folder, grant } = place();
    symlinkSync(data, join(folder, "way"));
    for (const name of ["nowhere", "way"]) {
      const local = { directories: [{ ...grant, hostPath: join(folder, name) }] };
      const { started } = await launch(COMMANDS.append, { local });
      expect(started.ok ? "started" : started.error.message).toContain(join(folder, name));
    }
  });
});

describe("a module that says it is a command", () => {
  const judged = (wasm: Uint8Array) => {
    const result = checkCommand(unwrap(load(wasm, LIMITS)));
    return result.ok ? "linked" : result.error.code;
  };

  it("links with WASI and nothing else", () => {
    expect(judged(COMMANDS.append)).toBe("linked");
    expect(judged(assemble(GUESTS.counter))).toBe("LINK_UNKNOWN_IMPORT");
  });

  it("has a memory, and a _start that takes and gives nothing", () => {
    expect(judged(assemble('(module (memory (export "memory") 1))'))).toBe("LINK_EXPORT");
    expect(judged(assemble('(module (func (export "_start")))'))).toBe("LINK_EXPORT");
    expect(
      judged(assemble('(module (memory (export "memory") 1) (func (export "_start") (result i32) (i32.const 0)))')),
    ).toBe("LINK_SIGNATURE");
  });
});
