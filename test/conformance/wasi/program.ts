/**
 * One program of the suite, in a process of its own: what it is comes as JSON in the only argument. Its standard streams and
 * its exit status are this process's. A trap is status 134, as from a shell.
 */
import { readFileSync } from "node:fs";
import { reasonOf } from "../../../runtime/kernel/fault.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { createWasi, nodeSink, nodeStdin, nodeWorld, WASI_MODULE, WasiExit } from "../../../runtime/wasi/index.ts";
import { TIERS } from "./tiers.ts";

export interface Run {
  readonly tier: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly root?: string;
}

const TRAPPED = 134;
const EMPTY = new Uint8Array(0);

function main({ tier: name, file, args, env, root }: Run): number {
  const tier = TIERS[name];
  if (tier === undefined) throw new Error(`no tier ${name}`);
  const wasi = unwrap(
    createWasi({
      ...nodeWorld,
      args: [file.split("/").at(-1) ?? file, ...args],
      env,
      stdin: nodeStdin(),
      stdout: nodeSink(1),
      stderr: nodeSink(2),
      preopens: root === undefined ? [] : [{ guestPath: "/", hostPath: root }],
      onMistake: (thrown) => process.stderr.write(`mistake: ${thrown instanceof Error ? thrown.stack : thrown}\n`),
    }),
  );
  let memory: (() => Uint8Array) | undefined;
  wasi.bind(() => memory?.() ?? EMPTY);
  try {
    const code = tier.make(readFileSync(file), WASI_MODULE, wasi.functions);
    memory = () => code.memory();
    code.begin?.();
    code.call("_start");
    return 0;
  } catch (error) {
    if (error instanceof WasiExit) return error.status;
    process.stderr.write(`${reasonOf(error)}\n`);
    return TRAPPED;
  } finally {
    wasi.close();
  }
}

process.exitCode = main(JSON.parse(process.argv[2] ?? "{}") as Run);
