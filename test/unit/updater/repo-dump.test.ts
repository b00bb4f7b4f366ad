/** `repo dump` and `repo bins` as people type them: what a metadata file says, and whose signatures on it hold. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { verb as bins } from "../../../agent/cli/repo-bins.ts";
import { verb as dump } from "../../../agent/cli/repo-dump.ts";
import { verb as status } from "../../../agent/cli/repo-status.ts";
import { type Io, parseVerbArgs, type Verb } from "../../../agent/cli/verb.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { createRepositories, dumpFile } from "../../../updater/repository/index.ts";
import { codeOf, DEVICE, desired, POLICY, releaseInput } from "./site.ts";

const NOW = Date.parse("2026-06-01T12:00:00Z");

async function desk() {
  const directory = mkdtempSync(join(tmpdir(), "sallyport-dump-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const repo = join(directory, "repo");
  const created = { tenant: "acme-corp", teams: ["acme"], now: () => NOW };
  const repositories = unwrap(await createRepositories(repo, created));
  unwrap(await repositories.putOwnerTargets(new Map([["policy/policy.json", POLICY]])));
  unwrap(await repositories.publishRelease(releaseInput("1.0.0")));
  unwrap(await repositories.assign(DEVICE, [desired("1.0.0")]));
  const run = async (verb: Verb, ...argv: string[]) => {
    const said: string[] = [];
    const out = (line: string) => void said.push(line);
    const io: Io = { out, err: () => {}, colour: false, signal: new AbortController().signal };
    const args = parseVerbArgs(verb, [...argv, "--dir", repo]);
    expect(await verb.run(args === "help" ? expect.fail("no help was asked for") : args, io)).toBe(0);
    return said.join("\n");
  };
  const metadata = (name: string) => join(repo, "image", "metadata", name);
  return { directory, repositories, run, metadata };
}

describe("repo dump", () => {
  it("shows a root with its keys and thresholds, by whom it is signed and until when it lasts", async () => {
    const { run, metadata } = await desk();
    const text = await run(dump, "--role", "root");
    expect(text).toContain("root, version 1");
    expect(text).toMatch(/has 2 of 2 signatures that root 1 asks for, of 3: owner-1 \([0-9a-f]+\) ed25519, owner-2/);
    expect(text).toMatch(/signature of owner-1 .*: verifies/);
    expect(text).toMatch(/timestamp: 1 of 1: /);
    expect(unwrap(dumpFile(metadata("1.root.json"), NOW))).toMatchObject({ daysLeft: 730, version: 1, fields: {} });
    expect(unwrap(dumpFile(metadata("1.root.json"), NOW + 731 * 86_400_000)).daysLeft).toBe(-1);
  });

  it("shows a team's targets with their facts, and the owner's delegation to the team", async () => {
    const { run } = await desk();
    const text = await run(dump, "--role", "acme");
    expect(text).toContain("targets of team-acme, version 2");
    expect(text).not.toContain("field ");
    expect(text).toMatch(/has 1 of 1 signatures that targets 2 asks for/);
    expect(text).toMatch(/modules\/acme\/thermostat\/1\.0\.0\/module\.wasm: \d+ bytes, sha256 [0-9a-f]{64}/);
    expect(text).toContain('"releaseCounter":1');
    const owners = JSON.parse(await run(dump, "--role", "targets", "--json"));
    expect(owners.delegations).toMatchObject([
      { role: "team-acme", threshold: 1, terminating: true, paths: ["modules/acme/*/*/*"] },
    ]);
  });

  it("shows what names the others, for a device alone where it is directed", async () => {
    const { run } = await desk();
    expect(await run(dump, "--role", "snapshot")).toMatch(/names team-acme\.json 2, \d+ bytes, sha256/);
    const timestamp = await run(dump, "--role", "timestamp", "--device", DEVICE);
    expect(timestamp).toContain(`for device ${DEVICE} alone`);
    expect(timestamp).toMatch(/names snapshot\.json 1/);
  });

  it("shows bins, and which key signed one of them", async () => {
    const { run } = await desk();
    expect(await run(bins, "--team", "acme", "--bits", "4")).toContain("team-acme: published");
    expect(await run(status)).toMatch(/image team-acme: 1 of 1: .*; in 16 hash bins/);
    expect(await run(dump, "--role", "acme")).toMatch(
      /delegates to 16 hash bins, bin_acme-0 to bin_acme-f: 1 of 1: team-acme /,
    );
    const bin = await run(dump, "--role", "bin_acme-3");
    expect(bin).toContain("targets of bin_acme-3, version 1");
    expect(bin).toMatch(/has 1 of 1 signatures that team-acme 3 asks for/);
  });

  it("says of every signature whether it holds, and of a stray file that nothing says who may sign it", async () => {
    const { metadata, directory } = await desk();
    const file = metadata("2.targets.json");
    const altered = readFileSync(file, "utf8").replace("policy/policy.json", "policy/police.json");
    writeFileSync(file, altered);
    const judged = unwrap(dumpFile(file, NOW));
    expect(judged.needs).toMatchObject([{ of: "root 1", threshold: 2, have: 0 }]);
    expect(judged.signatures.map(({ verified }) => verified)).toEqual([false, false]);
    copyFileSync(file, join(directory, "2.targets.json"));
    const stray = unwrap(dumpFile(join(directory, "2.targets.json"), NOW));
    expect(stray.needs).toEqual([]);
    expect(stray.signatures.every((one) => one.verified === undefined)).toBe(true);
  });

  it("shows a file of a damaged repository, and says why it is not judged", async () => {
    const { metadata, run } = await desk();
    writeFileSync(metadata("timestamp.json"), "{}");
    const text = await run(dump, metadata("2.team-acme.json"));
    expect(text).toContain("modules/acme/thermostat/1.0.0/module.wasm");
    expect(text).toMatch(/who may sign it is not known: .*cannot be used/);
  });

  it("shows control characters of others' text instead of obeying them", async () => {
    const { directory, run } = await desk();
    const file = join(directory, "strange.json");
    const signed = {
      _type: "targets",
      spec_version: "1.0.31",
      version: 1,
      expires: "2030-01-01T00:00:00Z",
      targets: {},
    };
    writeFileSync(file, JSON.stringify({ signed: { ...signed, "note\u202e": "\u001b[2J" }, signatures: [] }));
    const text = await run(dump, file);
    for (const hidden of ["\u001b", "\u202e"]) expect(text).not.toContain(hidden);
    expect(text).toContain("field note");
  });

  it.each([
    ["no JSON", "{", "UPDATE_METADATA_INVALID"],
    [
      "of no kind",
      JSON.stringify({ signed: { _type: "x", version: 1, expires: "2030-01-01T00:00:00Z" }, signatures: [] }),
      "UPDATE_METADATA_INVALID",
    ],
  ])("refuses what is %s", async (_, text, code) => {
    const { directory } = await desk();
    const file = join(directory, "file.json");
    writeFileSync(file, text);
    expect(codeOf(dumpFile(file, NOW))).toBe(code);
    expect(codeOf(dumpFile(join(directory, "nothing.json"), NOW))).toBe("DISK_READ");
  });

  it("is asked for one file: by name or by role, and for a role that is there", async () => {
    const { run } = await desk();
    await expect(run(dump)).rejects.toMatchObject({ code: "CLI_USAGE" });
    await expect(run(dump, "--role", "nobody")).rejects.toMatchObject({ code: "REPO_UNREADABLE" });
  });
});
