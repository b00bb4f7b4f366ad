/** Guests that take all they can get meet a named trap or refusal, and the process stays small. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const SUBJECT = fileURLToPath(new URL("./hostile-subject.ts", import.meta.url));

describe("guests that take all they can get", () => {
  it("end by name, in a process with a heap of 64 MiB", () => {
    const printed = execFileSync(process.execPath, ["--max-old-space-size=64", SUBJECT], { encoding: "utf8" });
    const { outcomes, maxRssMiB } = JSON.parse(printed) as { outcomes: unknown; maxRssMiB: number };
    expect(outcomes).toEqual({
      recursion: "TRAP_STACK",
      "recursion with 50 000 locals": "TRAP_STACK",
      "recursion through the host": "TRAP_STACK",
      "endless tail calls": "TRAP_FUEL",
      "a list without end": "TRAP_GC_HEAP",
      "garbage without end": "TRAP_FUEL",
      "an array of 16 GiB": "TRAP_GC_HEAP",
      "an array of 32 GiB": "TRAP_GC_HEAP",
      "memory.grow without end": "returned 256",
      "memory.grow by 2^32 - 1": "returned -1",
      "table.grow without end": "returned 10000",
      "a memory of 4 GiB": "LINK_LIMIT",
      "a table of a million": "LINK_LIMIT",
      "a br_table of a million": "returned ",
      "1000 blocks": "returned ",
      "50 000 locals": "returned ",
    });
    // Sixteen stores, one after the other, beside the compiler of these very files.
    expect(maxRssMiB).toBeLessThan(400);
  });
});
