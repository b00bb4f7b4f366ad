/** Findings in a policy file stand at their line and column. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { readPlaces } from "../../../../agent/cli/json-places.ts";
import { checkPolicy } from "../../../../agent/cli/policy-file.ts";
import { verb as add } from "../../../../agent/cli/repo-add.ts";
import { verb as init } from "../../../../agent/cli/repo-init.ts";
import { type Io, parseVerbArgs, type Verb } from "../../../../agent/cli/verb.ts";
import { utf8 } from "../../../../runtime/kernel/bytes.ts";
import { NOW_MS, short, written } from "../../attest/policies.ts";

const TEXT = `{
  "a": [1, {"b.c": true, "d": "x,}"}],
  "e": { "f": null,
    "f": 2 }
}`;

describe("places in a JSON text", () => {
  const places = readPlaces(TEXT);
  const at = (path: string) => `${places.find(path).line}:${places.find(path).column}`;

  it("are those of keys, and of items in lists", () => {
    expect(["a", "a[0]", "a[1]", "a[1].d", "e", "e.f"].map(at)).toEqual(["2:3", "2:9", "2:12", "2:26", "3:3", "4:5"]);
  });

  it("are those of what is around a thing that is not there", () => {
    expect(["a[7]", "e.g", "e.f.h", "nothing", ""].map(at)).toEqual(["2:3", "3:3", "4:5", "1:1", "1:1"]);
  });

  it("name keys that are there twice", () => {
    expect(places.repeated).toEqual(["e.f"]);
  });

  it("are found in 256 KiB of brackets without running out of stack", () => {
    const depth = 131_072;
    expect(readPlaces("[".repeat(depth) + "]".repeat(depth)).repeated).toEqual([]);
  });
});

const text = (document: object) => JSON.stringify(document, null, 2);

describe("checking a policy's file", () => {
  const check = (file: string) =>
    checkPolicy(utf8(file), NOW_MS).findings.map((one) => `${one.line}:${one.column} ${one.rule} ${one.at}`);

  it("finds nothing in a sound one", () => {
    expect(check(text(written()))).toEqual([]);
  });

  it("says where the parser refused", () => {
    expect(check(text(written({ version: 0 })))).toEqual(["3:3 SHAPE_MISMATCH version"]);
    expect(check(text(written({ evidence: [{ ...short, builder: [] }] })))).toEqual([
      "25:7 SHAPE_MISMATCH evidence[0].builder",
    ]);
  });

  it("says where text is no JSON, and that bytes are no text", () => {
    expect(check('{\n  "schema": oops }')).toEqual(["2:13 SHAPE_NOT_JSON "]);
    expect(check('{\n  "version" 1 }')).toEqual(["2:13 SHAPE_NOT_JSON "]);
    expect(checkPolicy(Uint8Array.of(0xff), NOW_MS).findings.map((one) => one.rule)).toEqual(["SHAPE_NOT_JSON"]);
  });

  it("takes a key that is there twice for an error, whatever the parser makes of it", () => {
    const twice = text(written()).replace('"version": 1', '"version": 1,\n  "version": 2');
    expect(check(twice)).toEqual(["4:3 key-twice version"]);
  });

  it("lists findings from the top of the file to its end", () => {
    const places = checkPolicy(utf8(text(written({ evidence: [{ ...short, devices: {} }], ceilings: [] }))), NOW_MS);
    const lines = places.findings.map((one) => one.line);
    expect(lines.length).toBeGreaterThan(1);
    expect(lines).toEqual(lines.toSorted((a, b) => a - b));
  });
});

describe("signing a policy", () => {
  it("shows what policy check would say of it, on the side", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sallyport-add-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "policy.json");
    const [said, aside]: [string[], string[]] = [[], []];
    const signal = new AbortController().signal;
    const io: Io = { out: (one) => said.push(one), err: (one) => aside.push(one), colour: false, signal };
    const run = async (verb: Verb, ...argv: readonly string[]) => {
      const args = parseVerbArgs(verb, [...argv, "--dir", join(folder, "repo")]);
      expect(args !== "help" && (await verb.run(args, io))).toBe(0);
    };
    await run(init, "--tenant", "home", "--team", "acme");
    writeFileSync(file, text(written({ evidence: [{ ...short, devices: {} }] })));
    aside.length = 0;
    await run(add, "policy/policy.json", file);
    expect(said.at(-1)).toBe("policy/policy.json signed and published");
    expect(aside.join("\n")).toContain("policy.json:6:7: error: evidence[0].devices: names no device");
  });
});
