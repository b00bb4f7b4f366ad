/** What a manifest may say, by the kind of module that it is for. */
import { describe, expect, it } from "vitest";
import { parseManifest } from "../../../runtime/kernel/authority/manifest.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { commandRelease, SPOOL } from "../../guests/commands.ts";
import { guestRelease } from "../../guests/guests.ts";

const command = commandRelease("append", "writer").parsed;
const core = guestRelease("echo", { name: "echo" }).parsed;
const takes = (document: unknown) => parseManifest(utf8(JSON.stringify(document))).ok;
const clock = { cap: "clock", resolution: "coarse" };

describe("the manifest of a command", () => {
  const withCapabilities = (...capabilities: readonly unknown[]) => takes({ ...command, capabilities });

  it("wants directories, clock and random numbers, and nothing that events bring", () => {
    expect(withCapabilities(SPOOL, clock, { cap: "random" })).toBe(true);
    expect(withCapabilities({ cap: "kv", bytes: 10, writesPerMin: 1 })).toBe(false);
    expect(withCapabilities({ cap: "identity", what: ["module"] })).toBe(false);
  });

  it("says how much it writes, and no such thing of what it reads", () => {
    expect(withCapabilities({ cap: "dir", name: "maps", mode: "ro" })).toBe(true);
    expect(withCapabilities({ cap: "dir", name: "maps", mode: "ro", bytes: 10 })).toBe(false);
    expect(withCapabilities({ cap: "dir", name: "maps", mode: "rw" })).toBe(false);
    expect(withCapabilities({ cap: "dir", name: "../maps", mode: "ro" })).toBe(false);
    expect(withCapabilities(SPOOL, { cap: "dir", name: "spool", mode: "ro" })).toBe(false);
  });

  it("has at most sixteen of them", () => {
    const many = (count: number) => Array.from({ length: count }, (_, n) => ({ ...SPOOL, name: `d${n}` }));
    expect(withCapabilities(...many(16))).toBe(true);
    expect(withCapabilities(...many(17))).toBe(false);
  });

  it("is started at boot and at intervals of a second or more", () => {
    const on = (...triggers: readonly unknown[]) => takes({ ...command, triggers });
    expect(on({ on: "boot" }, { on: "interval", everyMs: 1000 })).toBe(true);
    expect(on({ on: "interval", everyMs: 999 })).toBe(false);
    expect(on({ on: "channel", channel: "t" })).toBe(false);
  });

  it("gives it bounded arguments and environment", () => {
    const start = (one: unknown) => takes({ ...command, command: one });
    expect(start({ args: ["--once"], env: ["MODE=dry", "EMPTY="] })).toBe(true);
    expect(start({ env: ["NONAME"] })).toBe(false);
    expect(start({ env: ["=value"] })).toBe(false);
    expect(start({ args: ["x".repeat(257)] })).toBe(false);
    expect(start({ args: Array.from({ length: 33 }, () => "a") })).toBe(false);
    expect(start({ stdin: "x" })).toBe(false);
  });
});

describe("the manifest of a module with events", () => {
  it("has no directory, and nothing to be started with", () => {
    expect(takes(core)).toBe(true);
    expect(takes({ ...core, capabilities: [SPOOL] })).toBe(false);
    expect(takes({ ...core, command: {} })).toBe(false);
    expect(takes({ ...core, abi: "wasi-p2" })).toBe(false);
  });
});
