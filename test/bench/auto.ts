/**
 * `npm run bench -- auto`: from the start of a guest that nobody has prepared until its first message arrives, in the
 * metered tier and in `auto`, with the preparing thread up before or not; and until `auto` has moved. As in a release:
 * JavaScript with a compile cache, every start in a process of its own, subjects taking turns.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { emitJavaScript } from "../emit.ts";
import { assemble, GUESTS } from "../guests/guests.ts";
import { enlarged } from "./loader-module.ts";
import type { Row } from "./row.ts";

/** Bytes of code at least; 0 for the guest as it is. */
const SIZES = [0, 100_000, 1_000_000];
const SUBJECTS = [
  ["metered", ""],
  ["auto", ""],
  ["metered", "ahead"],
  ["auto", "ahead"],
  ["interpreter", ""],
] as const;
/** Files that workers load by name, which `tsc` does not find by itself. */
const ENTRIES = ["test/bench/auto-subject.ts", "runtime/worker/guest.ts", "runtime/worker/preparing.ts"];

interface Found {
  readonly first: number;
  readonly moved: number;
}
type Run = (...args: readonly string[]) => Found;

export function benchAuto(short: boolean): readonly Row[] {
  const folder = mkdtempSync(join(tmpdir(), "sallyport-bench-"));
  const run: Run = (...args) => {
    const child = spawnSync(process.execPath, [join(folder, "emitted/test/bench/auto-subject.js"), ...args], {
      encoding: "utf8",
      timeout: 120_000,
      env: { ...process.env, NODE_COMPILE_CACHE: join(folder, "compiled") },
    });
    if (child.status !== 0) throw new Error(`${args.join(" ")} failed: ${child.stderr}`);
    return JSON.parse(child.stdout);
  };
  try {
    mkdirSync(join(folder, "emitted"));
    emitJavaScript(join(folder, "emitted"), ENTRIES);
    const plain = assemble(GUESTS.remember);
    return SIZES.flatMap((size) => {
      const wasm = join(folder, "module.wasm");
      writeFileSync(wasm, size === 0 ? plain : enlarged(plain, size));
      return rowsOf(`${Math.ceil(statSync(wasm).size / 1000)} KB`, wasm, run, short ? 3 : 15);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function rowsOf(name: string, wasm: string, run: Run, turns: number): Row[] {
  const all: (readonly Found[])[] = SUBJECTS.map(() => []);
  // The first turn is for the compile cache.
  for (let turn = 0; turn <= turns; turn += 1) {
    for (const [n, [tier, ahead]] of SUBJECTS.entries()) {
      const found = run(tier, wasm, ahead);
      if (turn > 0) all[n] = [...(all[n] ?? []), found];
    }
  }
  return SUBJECTS.flatMap(([tier, ahead], n) => {
    const subject = ahead === "" ? tier : `${tier}, thread ahead`;
    const row = (what: string, value: number): Row => ({ name: `${name}: ${what}`, subject, value, unit: "ms" });
    const first = (all[n] ?? []).map((one) => one.first);
    const moved = (all[n] ?? []).map((one) => one.moved);
    const rows = [row("first message, p50", median(first)), row("first message, least", Math.min(...first))];
    return tier === "auto" ? [...rows, row("moved, p50", median(moved))] : rows;
  });
}

function median(all: readonly number[]): number {
  const sorted = [...all].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
