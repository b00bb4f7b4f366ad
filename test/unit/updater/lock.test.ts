/** One updater for each state directory: who holds the lock, who does not any more, and what two at once come to. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sweepTemporaries } from "../../../runtime/kernel/durable.ts";
import { attemptSync } from "../../../runtime/kernel/result.ts";
import { type Holder, nodeProcesses, type Processes, takeLock } from "../../../updater/client/lock.ts";
import { faultOf } from "./site.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "lock-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const locks = () => readdirSync(directory).filter((name) => name.startsWith("lock."));
const refusal = (processes?: Processes) => faultOf(attemptSync(() => takeLock(directory, processes)));

/** A machine with the given living processes, seen by one of them. */
function machine(self: Holder, ...others: readonly Holder[]): Processes {
  const isSame = (a: Holder, b: Holder) => a.pid === b.pid && a.boot === b.boot && a.started === b.started;
  return { self, isAlive: (holder) => [self, ...others].some((one) => isSame(one, holder)) };
}
const one: Holder = { pid: 100, boot: "a", started: "5" };

describe("the lock of a state directory", () => {
  it("is held by one, names its process to the other, and is free again when let go", () => {
    const lock = takeLock(directory);
    const fault = refusal();
    expect(fault.code).toBe("UPDATE_LOCKED");
    expect(fault.facts).toEqual({ directory, pid: process.pid });
    lock.release();
    expect(locks()).toEqual([]);
    takeLock(directory).release();
  });

  it.each([
    ["a process that is gone", { ...one, pid: 200 }],
    ["an earlier boot, though the number is in use again", { ...one, boot: "b" }],
    ["an earlier process of the same number", { ...one, started: "6" }],
  ])("of %s is taken over", (_, next) => {
    takeLock(directory, machine(one));
    const lock = takeLock(directory, machine(next));
    expect(locks()).toHaveLength(1);
    expect(refusal(machine(one, next)).facts).toEqual({ directory, pid: next.pid });
    lock.release();
    expect(locks()).toEqual([]);
  });

  it("of which nothing can be read holds nobody up", () => {
    writeFileSync(join(directory, "lock.7"), "{}");
    takeLock(directory, machine(one));
    expect(locks()).toEqual(["lock.8"]);
  });

  it("is told from a broken disk by who came while its holder swept the directory", () => {
    let swept = 0;
    const late = {
      ...one,
      // Asked for when the draft of the lock stands: then the holder's start takes the draft away.
      toJSON() {
        if (swept++ === 0) takeLock(directory, machine({ ...one, pid: 400 }));
        sweepTemporaries(directory);
        return one;
      },
    };
    expect(refusal(machine(late, { ...one, pid: 400 })).facts).toEqual({ directory, pid: 400 });
    expect(swept).toBe(1);
  });

  it("is withdrawn by who finds, having taken over, that another came first", () => {
    const stale = { ...one, boot: "b" };
    const other = { ...one, pid: 300 };
    takeLock(directory, machine(stale));
    let looks = 0;
    // Between the look at the stale lock and the taking over, another process takes the directory.
    const late: Processes = {
      self: one,
      isAlive(holder) {
        looks += 1;
        if (looks === 1) {
          takeLock(directory, machine(other));
          return false;
        }
        return holder.boot === one.boot;
      },
    };
    expect(refusal(late).facts).toEqual({ directory, pid: 300 });
    expect(locks()).toHaveLength(1);
  });

  it("keeps a second process out, and is taken over when the first is killed", async () => {
    const script = `const { takeLock } = await import(process.argv[1]);
      takeLock(process.argv[2]);
      process.stdout.write("held");
      setInterval(() => {}, 1000);`;
    const module = new URL("../../../updater/client/lock.ts", import.meta.url).href;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script, module, directory]);
    await once(child.stdout, "data");
    expect(refusal().facts).toEqual({ directory, pid: child.pid });
    child.kill("SIGKILL");
    await once(child, "exit");
    takeLock(directory, nodeProcesses()).release();
    expect(locks()).toEqual([]);
  });
});
