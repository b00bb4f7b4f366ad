/** A policy tried on releases as files: in folders of any depth, as a repository publishes them, or named one by one. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { verb as explain } from "../../../../agent/cli/policy-explain.ts";
import { findReleases } from "../../../../agent/cli/policy-releases.ts";
import { verb as simulate } from "../../../../agent/cli/policy-simulate.ts";
import { type Io, parseVerbArgs, type Verb } from "../../../../agent/cli/verb.ts";
import { sha256 } from "../../../../runtime/kernel/digest.ts";
import { startSigstore } from "../../../fakes/sigstore.ts";
import { KEYS, writeReleases } from "../../policy-page/releases.ts";

let folder: string;
beforeAll(async () => {
  const sigstore = await startSigstore();
  folder = mkdtempSync(join(tmpdir(), "sallyport-simulate-"));
  await writeReleases(9, folder, sigstore);
  writeFileSync(at("strict.json"), policy(2));
  writeFileSync(at("loose.json"), policy(1));
  await sigstore.close();
});
afterAll(() => rmSync(folder, { recursive: true }));
const at = (...names: readonly string[]) => join(folder, ...names);

function policy(threshold: number): string {
  const parties = Object.entries(KEYS).map(([name, key]) => ({ name, keys: [key.publicPem] }));
  const asked = { parties: parties.map((one) => one.name), threshold };
  const require = [
    {
      type: "provenance",
      ...asked,
      builders: ["https://github.com/actions/runner/github-hosted"],
      sources: ["git+https://github.com/acme/app"],
    },
  ];
  const evidence = [{ devices: { all: true }, modules: { team: "acme" }, require }];
  return JSON.stringify({ schema: "sallyport.policy/1", version: 1, parties, evidence, ceilings: [], operators: [] });
}

async function run(verb: Verb, ...argv: readonly string[]): Promise<{ status: number; lines: readonly string[] }> {
  const lines: string[] = [];
  const io: Io = { out: (one) => lines.push(one), err: () => {}, colour: false, signal: new AbortController().signal };
  const args = parseVerbArgs(verb, argv);
  if (args === "help") throw new Error("no help was asked for");
  return { status: await verb.run(args, io), lines };
}
const simulated = (name: string, ...argv: readonly string[]) =>
  run(simulate, at(name), "--trusted-root", at("trusted_root.json"), ...argv);

describe("policy simulate", () => {
  it("fails where something is refused, and says by which code", async () => {
    const { status, lines } = await simulated("strict.json", at("releases"));
    expect(status).toBe(1);
    expect(lines.filter((one) => one.includes("ATTEST_THRESHOLD"))).toHaveLength(2);
    expect(lines.at(-1)).toBe("1 of 3 accepted");
    expect((await simulated("loose.json", at("releases"))).status).toBe(0);
  });

  it("beside the policy in force fails only for what is admitted today", async () => {
    const stricter = await simulated("strict.json", "--against", at("loose.json"), at("releases"));
    expect(stricter.status).toBe(1);
    expect(stricter.lines.filter((one) => one.includes("accepted → refused"))).toHaveLength(2);
    expect(stricter.lines.at(-1)).toBe("1 of 3 accepted; 2 no longer, 0 newly");
    const looser = await simulated("loose.json", "--against", at("strict.json"), at("releases"));
    expect([looser.status, looser.lines.at(-1)]).toEqual([0, "3 of 3 accepted; 0 no longer, 2 newly"]);
    expect((await simulated("strict.json", "--against", at("strict.json"), at("releases"))).status).toBe(0);
  });

  it("prints whole verdicts as JSON, one a line", async () => {
    const { lines } = await simulated("strict.json", "--against", at("loose.json"), "--json", at("releases"));
    const rows = lines.map((one) => JSON.parse(one));
    expect(rows.map((one) => [one.name, one.version, one.verdict.accepted, one.before.accepted])).toEqual([
      ["thermostat", "1.2.3", false, true],
      ["thermostat", "1.2.3", false, true],
      ["thermostat", "1.2.3", true, true],
    ]);
    expect(rows[0].verdict.reasons.length).toBeGreaterThan(5);
  });

  it("takes the files of one release", async () => {
    const files = (name: string) =>
      ["manifest.json", "module.wasm", "bundle.sigstore.json"].map((one) => at("releases", name, one));
    const [manifest = "", module = "", evidence = ""] = files("by-two");
    const one = ["--manifest", manifest, "--module", module, "--evidence", evidence];
    expect((await simulated("strict.json", ...one)).lines.at(-1)).toBe("1 of 1 accepted");
    await expect(simulated("strict.json", ...one.slice(0, 4))).rejects.toThrow(/--evidence/);
    await expect(simulated("strict.json", ...one, at("releases"))).rejects.toThrow(/folders, or the files/);
  });

  it("refuses a folder without releases, a file that is no folder, and a time that is none", async () => {
    mkdirSync(at("empty"), { recursive: true });
    await expect(simulated("strict.json", at("empty"))).rejects.toThrow(/no release below/);
    await expect(simulated("strict.json", at("strict.json"))).rejects.toThrow(/is no folder/);
    await expect(simulated("strict.json", at("releases"), "--at", "tomorrow")).rejects.toThrow(/is no time/);
    await expect(simulated("strict.json", at("releases"), "--at", "2026-02-31T25:00:00Z")).rejects.toThrow(
      /is no time/,
    );
  });
});

describe("releases in a folder", () => {
  it("are found as a repository publishes them: deep, with digests before the names, published twice", () => {
    const path = at("targets", "modules", "acme", "thermostat", "1.2.3");
    mkdirSync(path, { recursive: true });
    const put = (from: string, name: string) => {
      const bytes = readFileSync(at("releases", from, name));
      writeFileSync(join(path, `${sha256(bytes)}.${name}`), bytes);
    };
    put("by-two", "manifest.json");
    put("by-two", "module.wasm");
    put("by-two", "bundle.sigstore.json");
    put("by-one", "bundle.sigstore.json");
    writeFileSync(join(path, `${"0".repeat(64)}.module.wasm`), "of another release");
    writeFileSync(join(path, "notes.txt"), "no part of it");
    const found = findReleases(at("targets"));
    expect(found).toHaveLength(2);
    expect(found.map((one) => one.artifacts[0].sha256)).toEqual(found.map((one) => one.manifest.entry.sha256));
    expect(new Set(found.map((one) => one.at)).size).toBe(2);
  });

  it("are not those that lack a part", () => {
    mkdirSync(at("part"));
    writeFileSync(at("part", "manifest.json"), readFileSync(at("releases", "by-two", "manifest.json")));
    expect(findReleases(at("part"))).toEqual([]);
  });
});

describe("policy explain", () => {
  it("says the same as JSON, and fails for what can never run", async () => {
    const all = await run(explain, at("strict.json"), "--json");
    expect(JSON.parse(all.lines.join(""))).toMatchObject({
      version: 1,
      rules: [
        {
          rule: 0,
          speaksOf: "every module of team acme on every device",
          needs: [{ threshold: 2, type: "provenance" }],
        },
      ],
    });
    const one = await run(explain, at("strict.json"), "--module", "acme/thermostat", "--json");
    expect(JSON.parse(one.lines.join(""))).toMatchObject({ runs: "with evidence", always: [], ceilings: [] });
    const other = await run(explain, at("strict.json"), "--module", "other/thermostat", "--json");
    expect(other.status).toBe(1);
    expect(JSON.parse(other.lines.join("")).runs).toBe("never");
    await expect(run(explain, at("strict.json"), "--module", "thermostat")).rejects.toThrow(/TEAM\/NAME/);
  });
});
