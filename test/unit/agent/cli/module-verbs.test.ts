/** The verbs that read modules for people: what they print, and with which status they end. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { needsAreKnown } from "../../../../agent/cli/import-needs.ts";
import { verb as inspect } from "../../../../agent/cli/inspect.ts";
import { readModuleFile } from "../../../../agent/cli/module-file.ts";
import { verb as validate } from "../../../../agent/cli/validate.ts";
import { parseVerbArgs, type Verb } from "../../../../agent/cli/verb.ts";
import { verb as wat } from "../../../../agent/cli/wat.ts";
import { hostModule } from "../../../../devices/index.ts";
import { Fault } from "../../../../runtime/kernel/fault.ts";
import { assemble } from "../../../guests/guests.ts";

const folder = mkdtempSync(join(tmpdir(), "sallyport-verbs-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const good = file(
  "good.wasm",
  assemble(`(module
    (import "sallyport_v1" "gpio_set" (func (param i32 i32) (result i32)))
    (import "sallyport_v1" "kv_get" (func (param i32) (result i32)))
    (import "env" "abort" (func (param i32)))
    (memory (export "memory") 1 2)
    (func (export "sp_handle") (param i32 i32 i64 i32) (result i32) (call 0 (i32.const 1) (i32.const 2)))
    (func (export "sp_init") (result i32) (i32.const 0)))`),
);
/** A valid module, then `i32.const 0, i64.eqz` where a function is. */
const bad = file(
  "bad.wasm",
  Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 80, 26, 11),
);
const gcModule = file("gc.wasm", Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 3, 1, 95, 0));

async function run(verb: Verb, ...argv: readonly string[]) {
  const args = parseVerbArgs(verb, argv);
  if (args === "help") throw new Error("asked for help");
  const out: string[] = [];
  const err: string[] = [];
  const { signal } = new AbortController();
  const io = {
    out: (line: string) => void out.push(line),
    err: (line: string) => void err.push(line),
    colour: false,
    signal,
  };
  const status = await verb.run(args, io).catch((error: unknown) => {
    if (error instanceof Fault) return error.code;
    throw error;
  });
  return { status, out: out.join("\n"), err: err.join("\n") };
}

describe("sallyport validate", () => {
  it("says what a valid module uses", async () => {
    const { status, out } = await run(validate, good);
    expect(status).toBe(0);
    expect(out).toMatch(/good\.wasm: valid, \d+ bytes, functions: 2; uses mvp/);
    expect(JSON.parse((await run(validate, good, "--json")).out)).toMatchObject({ valid: true, functions: 2 });
  });

  it("shows the instructions around the place of a refusal", async () => {
    const { status, err } = await run(validate, bad);
    expect(status).toBe("VALIDATE_INVALID");
    expect(err.split("\n")).toEqual([
      "in function 0:",
      "        0x17  i32.const 0",
      ">       0x19  i64.eqz",
      "        0x1a  drop",
      "        0x1b  end",
    ]);
  });

  it("gives a refusal as JSON with its facts and status 1", async () => {
    const { status, out } = await run(validate, bad, "--json");
    expect(status).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ valid: false, code: "VALIDATE_INVALID", offset: 25 });
    expect(JSON.parse((await run(validate, file("no.wasm", "\0nothing"), "--json")).out)).toMatchObject({
      valid: false,
      code: "LOAD_MALFORMED",
    });
  });

  it("refuses features that are turned off, and names of features that do not exist", async () => {
    expect((await run(validate, gcModule)).status).toBe(0);
    expect((await run(validate, gcModule, "--without", "simd,gc")).status).toBe("VALIDATE_FEATURE");
    expect((await run(validate, gcModule, "--without", "simd", "--without", "gc")).status).toBe("VALIDATE_FEATURE");
    expect((await run(validate, gcModule, "--without", "smd")).status).toBe("CLI_USAGE");
  });
});

describe("sallyport inspect", () => {
  it("shows needs, imports, exports, limits, sections and functions on a page", async () => {
    const { status, out } = await run(inspect, good);
    expect(status).toBe(0);
    expect(out).toMatch(/Needs\n {2}gpio {2}for gpio_set\n {2}kv {4}for kv_get\n/);
    expect(out).toContain("imports that this host does not have: env.abort");
    expect(out).toContain("imports of another type than this host's: sallyport_v1.kv_get");
    expect(out).toMatch(/memory 0 +64\.0 KiB +at most 128\.0 KiB/);
    expect(out).toMatch(/code +2 +\d+ B +\d+\.\d% +█+/);
    expect(out).toMatch(/Functions: 3 imported, 2 defined/);
    expect(out).toMatch(/3 {2}sp_handle +0x/);
  });

  it("prints the facts as JSON, with the digest", async () => {
    const facts: unknown = JSON.parse((await run(inspect, good, "--json")).out);
    expect(facts).toMatchObject({
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      capabilities: { gpio: ["gpio_set"], kv: ["kv_get"] },
      functions: { imported: 3, defined: 2 },
    });
  });

  it("shows an invalid module too, and ends with status 1", async () => {
    const { status, out } = await run(inspect, bad);
    expect(status).toBe(1);
    expect(out).toContain("VALIDATE_INVALID");
    expect(out).toContain("Sections");
  });

  it("says of every function of the host what a call needs", () => {
    expect(hostModule.functions.map(({ name }) => name).filter((name) => !needsAreKnown(name))).toEqual([]);
  });
});

describe("sallyport wat", () => {
  it("prints the module", async () => {
    const { status, out } = await run(wat, good);
    expect(status).toBe(0);
    expect(out).toMatch(/^\(module\n/);
    expect(out).toContain("call 0 (;sallyport_v1.gpio_set;)");
    expect(out.endsWith("\n)")).toBe(true);
  });

  it("prints one function by index, by name, by a part of its name that no other has", async () => {
    const { out } = await run(wat, good, "--function", "sp_init");
    expect(out).toBe(
      "(func (;4;) (;sp_init;) (type 5) (result i32)\n  i32.const 0\n)".replace(
        "(type 5)",
        /\(type \d\)/.exec(out)?.[0] ?? "",
      ),
    );
    expect((await run(wat, good, "--function", "4")).out).toBe(out);
    expect((await run(wat, good, "--function", "init")).out).toBe(out);
    expect((await run(wat, good, "--function", "$sp_init", "--offsets")).out).toMatch(
      /\(;@0x[0-9a-f]+;\) i32\.const 0/,
    );
    expect((await run(wat, good, "--function", "gpio")).out).toMatch(/^\(import "sallyport_v1" "gpio_set"/);
  });

  it("refuses a function that is not there, or may be several", async () => {
    expect((await run(wat, good, "--function", "99")).status).toBe("CLI_USAGE");
    expect((await run(wat, good, "--function", "nobody")).status).toBe("CLI_USAGE");
    expect((await run(wat, good, "--function", "sp_")).status).toBe("CLI_USAGE");
  });
});

describe("a module file", () => {
  it("is given as it is when it is no text", async () => {
    expect(await readModuleFile(file("zeros", Uint8Array.of(0, 1)))).toEqual(Uint8Array.of(0, 1));
    expect(await readModuleFile(file("other", "hello"))).toHaveLength(5);
    await expect(readModuleFile(join(folder, "missing"))).rejects.toMatchObject({ code: "DISK_READ" });
  });
});
