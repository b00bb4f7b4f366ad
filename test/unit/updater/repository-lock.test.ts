/** Two processes on one repository directory: one after the other, also after one of them died. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { lockDirectory, type Processes, realProcesses } from "../../../updater/repository/lock.ts";

/** Processes of one machine, as the test says who lives. */
function machine(host = "here") {
  const lives = new Map<number, string>();
  const waiting: (() => void)[] = [];
  const process = (pid: number, life = `life of ${pid}`): Processes => {
    lives.set(pid, life);
    return {
      pid,
      host,
      life: (one) => lives.get(one),
      pause: () => new Promise((resolve) => void waiting.push(resolve)),
    };
  };
  const tick = () => {
    for (const go of waiting.splice(0)) go();
  };
  return { process, die: (pid: number) => void lives.delete(pid), waiting, tick };
}

function directory(): string {
  const made = mkdtempSync(join(tmpdir(), "sallyport-lock-"));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("the lock of a repository", () => {
  it("is held by one, and leaves nothing behind", async () => {
    const [at, { process }] = [directory(), machine()];
    const lock = await lockDirectory(at, process(1), 0);
    await expect(lockDirectory(at, process(2), 0)).rejects.toMatchObject({ code: "REPO_LOCKED", facts: { pid: 1 } });
    lock.release();
    (await lockDirectory(at, process(2), 0)).release();
    expect(readdirSync(at)).toEqual([]);
  });

  it("is waited for", async () => {
    const [at, { process, waiting, tick }] = [directory(), machine()];
    const lock = await lockDirectory(at, process(1), 0);
    const second = lockDirectory(at, process(2), 1000);
    await settled();
    expect(waiting).toHaveLength(1);
    lock.release();
    tick();
    (await second).check();
  });

  it("of a process that died is taken over, also when its number was given to another", async () => {
    const [at, { process, die }] = [directory(), machine()];
    const dead = await lockDirectory(at, process(1), 0);
    die(1);
    process(1, "another life");
    const mine = await lockDirectory(at, process(2), 0);
    expect(() => dead.check()).toThrow(/in use by process 2/);
    dead.release(); // The dead do not release what is no longer theirs.
    mine.check();
    expect(readdirSync(at)).toEqual(["lock"]);
  });

  it("of another machine is never judged dead", async () => {
    const at = directory();
    await lockDirectory(at, machine("there").process(1), 0);
    await expect(lockDirectory(at, machine("here").process(2), 0)).rejects.toMatchObject({ facts: { host: "there" } });
  });

  it("that cannot be read is not taken over", async () => {
    const at = directory();
    writeFileSync(join(at, "lock"), "half a lo");
    await expect(lockDirectory(at, machine().process(2), 0)).rejects.toMatchObject({ code: "REPO_LOCKED" });
  });

  it("is won by one of many that find a dead one", async () => {
    const [at, { process, die }] = [directory(), machine()];
    await lockDirectory(at, process(1), 0);
    die(1);
    const tries = await Promise.allSettled([2, 3, 4, 5].map((pid) => lockDirectory(at, process(pid), 0)));
    expect(tries.filter((one) => one.status === "fulfilled")).toHaveLength(1);
  });

  it("of a process that was killed is free for the next one", async () => {
    const at = directory();
    const room = new URL("../../../updater/repository/lock.ts", import.meta.url).href;
    const code = `const { lockDirectory, realProcesses } = await import(${JSON.stringify(room)});
await lockDirectory(process.argv[1], realProcesses, 0);
console.log("held");
setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--no-warnings", "--input-type=module", "--eval", code, at]);
    await once(child.stdout, "data");
    await expect(lockDirectory(at, realProcesses, 0)).rejects.toMatchObject({ facts: { pid: child.pid ?? 0 } });
    child.kill("SIGKILL");
    await once(child, "exit");
    (await lockDirectory(at, realProcesses, 0)).release();
    expect(readdirSync(at)).toEqual([]);
  });

  it("knows this very process as alive", async () => {
    const at = directory();
    const lock = await lockDirectory(at, realProcesses, 0);
    await expect(lockDirectory(at, realProcesses, 0)).rejects.toMatchObject({ facts: { pid: process.pid } });
    lock.release();
  });
});
