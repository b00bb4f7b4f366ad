/** `repo assign` for one device and for a list of them. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { parseDevices, verb } from "../../../../agent/cli/repo-assign.ts";
import { parseVerbArgs } from "../../../../agent/cli/verb.ts";
import type { DeviceId } from "../../../../runtime/kernel/brand.ts";
import { utf8 } from "../../../../runtime/kernel/bytes.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { createRepositories } from "../../../../updater/repository/index.ts";
import { releaseInput } from "../../updater/content.ts";

async function desk() {
  const directory = mkdtempSync(join(tmpdir(), "sallyport-assign-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const dir = join(directory, "repo");
  const repo = unwrap(await createRepositories(dir, { tenant: "t", teams: ["acme"], now: () => Date.now() }));
  for (const version of ["1.0.0", "1.1.0"]) unwrap(await repo.publishRelease(releaseInput(version)));
  const said: string[] = [];
  const run = async (...argv: string[]) => {
    const args = parseVerbArgs(verb, [...argv, "--dir", dir]);
    if (args === "help") expect.fail("help was not asked for");
    const out = (line: string) => void said.push(line);
    await verb.run(args, { out, err: out, colour: false, signal: new AbortController().signal });
    return said.splice(0).join("\n");
  };
  const list = join(directory, "porch.txt");
  const modules = (id: string) =>
    repo.desired(id as DeviceId)?.modules.map(({ name, version }) => `${name} ${version}`);
  return { run, list, modules };
}

describe("repo assign", () => {
  it("gives every device of a list the release, beside what it has", async () => {
    const { run, list, modules } = await desk();
    writeFileSync(list, "# the porch\npi-1\n\npi-2\r\npi-1\n");
    await run("--device", "pi-2", "--module", "acme/thermostat@1.0.0");
    const module = ["--module", "acme/thermostat@1.1.0"];
    expect(await run("--devices", list, ...module)).toBe("2 devices have a new desired state, 0 had it already");
    expect(modules("pi-1")).toEqual(["thermostat 1.1.0"]);
    expect(modules("pi-2")).toEqual(["thermostat 1.1.0"]);
    expect(await run("--devices", list, ...module)).toBe("0 devices have a new desired state, 2 had it already");
    await run("--devices", list, "--remove", "thermostat");
    expect(modules("pi-1")).toEqual([]);
  });

  it("wants one device or one list", async () => {
    const { run, list } = await desk();
    writeFileSync(list, "pi-1\n");
    await expect(run("--remove", "x")).rejects.toThrow(/--device or --devices/);
    await expect(run("--device", "pi-1", "--devices", list, "--remove", "x")).rejects.toThrow(/--device or --devices/);
  });

  it.each([
    ["pi-1\nPI_2\n", /line 2 of porch.txt/],
    ["../x\n", /line 1 of porch.txt/],
    ["# nobody\n\n", /names no device/],
  ])("refuses the list %j", (text, why) => {
    const parsed = parseDevices(utf8(text), "porch.txt");
    expect(parsed.ok ? "" : parsed.error.line()).toMatch(why);
  });

  it("refuses a list that is no text", () => {
    expect(parseDevices(Uint8Array.of(0xff, 0xfe), "porch.txt").ok).toBe(false);
  });
});
