/** What an appraiser remembers of a board lies in a file: two appraisals at once, a file that cannot be read, a new chip. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { verb } from "../../../../agent/cli/appraise.ts";
import { parseVerbArgs } from "../../../../agent/cli/verb.ts";
import { attempt } from "../../../../runtime/kernel/result.ts";
import { takeLock } from "../../../../updater/index.ts";
import { KEY, say } from "../../attest/appraise-board.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sallyport-appraise-"));
  writeFileSync(at("key.pem"), KEY.publicPem);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);
const counter = () => JSON.parse(readFileSync(at("seen.json"), "utf8")).counter;
const word = async (changes: object) => {
  writeFileSync(at("att.json"), await say({ timeMs: Date.now(), ...changes }));
};

/** Exit status with what was printed, or the line of the fault. */
async function appraised(...more: string[]) {
  const said: string[] = [];
  const io = { out: (line: string) => void said.push(line), err: () => {}, colour: false, signal: AbortSignal.abort() };
  const who = ["--device-key", at("key.pem"), "--tenant", "home", "--device", "porch-1"];
  const done = await attempt(async () => {
    const args = parseVerbArgs(verb, [at("att.json"), ...who, "--state", at("seen.json"), ...more]);
    if (args === "help") throw new Error("no help was asked for");
    return await verb.run(args, io);
  });
  return done.ok ? `${done.value} ${said.join("\n")}` : done.error.line();
}

describe("an appraiser's memory of a board", () => {
  it("is one for two appraisals at once: the later begins with what the earlier has seen", async () => {
    await word({ counter: 12 });
    expect(await appraised()).toMatch(/^0 /);
    mkdirSync(at("seen.json.lock"), { recursive: true });
    const other = takeLock(at("seen.json.lock"));
    await word({ counter: 13 });
    const waiting = appraised();
    // The other appraisal, which holds the memory, has seen more.
    writeFileSync(at("seen.json"), readFileSync(at("seen.json"), "utf8").replace('"counter":12', '"counter":14'));
    other.release();
    expect(await waiting).toMatch(/^1 [\s\S]*APPRAISE_COUNTER/);
    expect(counter()).toBe(14);
  });

  it("that cannot be locked is not used, and says so as any file does", async () => {
    await word({ counter: 12 });
    mkdirSync(join(at("seen.json.lock"), `.tmp-lock-${process.pid}-1`), { recursive: true });
    expect(await appraised()).toMatch(/^DISK_WRITE.*seen\.json\.lock/);
  });

  it("has no part in drawing reference values, and is not silently left out", async () => {
    await word({ counter: 12 });
    expect(await appraised("--print-expect")).toMatch(/^CLI_USAGE.*--state/);
  });

  it("is begun anew only where there is none: what is there and cannot be read is refused", async () => {
    await word({ counter: 12 });
    symlinkSync(at("gone.json"), at("seen.json"));
    expect(await appraised()).toMatch(/^DISK_READ/);
    rmSync(at("seen.json"));
    writeFileSync(at("seen.json"), "");
    expect(await appraised()).toMatch(/^APPRAISE_MEMORY.*seen\.json/);
    writeFileSync(at("seen.json"), '{"schema":"sallyport.appraised/1","counter":1,"counter":2}');
    expect(await appraised()).toMatch(/^APPRAISE_MEMORY.*twice/);
    rmSync(at("seen.json"));
    expect(await appraised()).toMatch(/^0 /);
    expect(counter()).toBe(12);
    expect(await appraised()).toMatch(/^1 [\s\S]*APPRAISE_REPLAYED/);
  });
});
