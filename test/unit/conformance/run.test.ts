/** The runner itself, over an engine that answers as told: what is wrong must be reported as failed, never passed over. */
import { describe, expect, it } from "vitest";
import type { Value } from "../../../runtime/interpret/index.ts";
import type { Outcome, Refusal, ScriptEngine } from "../../conformance/wasm/engine.ts";
import { runScript } from "../../conformance/wasm/run.ts";

const refused = (stage: Refusal["stage"], message: string): Outcome<never> => ({
  ok: false,
  refusal: { stage, message },
});
const opaque = { ok: true, value: { opaque: {} } } as const;
const i32 = (value: number): Outcome<readonly Value[]> => ({ ok: true, value: [{ type: "i32", value }] });

function run(script: string, engine: Partial<ScriptEngine> = {}, assemble?: { error: { message: string } }) {
  return runScript(script, {
    assemble: () => assemble ?? { bytes: new Uint8Array() },
    engine: {
      compile: () => opaque,
      instantiate: () => opaque,
      register: () => undefined,
      invoke: () => i32(1),
      get: () => ({ ok: true, value: { type: "i32", value: 1 } }),
      ...engine,
    },
  });
}

const failures = (...of: Parameters<typeof run>) =>
  run(...of).failures.map(({ line, message }) => `${line} ${message}`);

describe("the runner", () => {
  it("passes a right result and counts every command", () => {
    const report = run('(module)\n(assert_return (invoke "f") (i32.const 1))');
    expect(report).toMatchObject({ commands: 2, passed: 2, failures: [], skipped: [] });
  });

  it("fails a wrong result with its line, what was expected and what came", () => {
    const script = '(module)\n(assert_return (invoke "f") (i32.const 2))';
    expect(failures(script)).toEqual(["2 assert_return: expected (i32.const 2), got (i32 1)"]);
    expect(run(script).passed).toBe(1);
  });

  it("fails a result too many and a result too few", () => {
    expect(failures('(module) (assert_return (invoke "f"))')).toHaveLength(1);
    expect(failures('(module) (assert_return (invoke "f") (i32.const 1) (i32.const 1))')).toHaveLength(1);
  });

  it("fails when a call returns that should have trapped, thrown or run out of stack", () => {
    for (const kind of ["assert_trap", "assert_exhaustion", "assert_exception"]) {
      expect(failures(`(module) (${kind} (invoke "f") "unreachable")`), kind).toHaveLength(1);
    }
  });

  it("does not take one kind of failure for another", () => {
    const script = (kind: string) => `(module) (${kind} (invoke "f") "unreachable")`;
    const trap = { invoke: () => refused("trap", "unreachable") };
    expect(failures(script("assert_trap"), trap)).toEqual([]);
    expect(failures(script("assert_exhaustion"), trap)).toHaveLength(1);
    expect(failures(script("assert_exception"), trap)).toHaveLength(1);
    expect(failures(script("assert_trap"), { invoke: () => refused("other", "unreachable") })).toHaveLength(1);
  });

  it("fails one trap in place of another, unless the engine's message may stand for it", () => {
    const script = '(module) (assert_trap (invoke "f") "unreachable")';
    expect(failures(script, { invoke: () => refused("trap", "integer overflow") })).toHaveLength(1);
    const own: Refusal = { stage: "trap", message: "boom", wordings: ["unreachable"] };
    expect(failures(script, { invoke: () => ({ ok: false, refusal: own }) })).toEqual([]);
  });

  it("fails a module that is accepted and should not be", () => {
    expect(failures('(assert_malformed (module binary "") "unexpected end")')).toEqual([
      "1 assert_malformed: accepted",
    ]);
    expect(failures('(assert_invalid (module) "type mismatch")')).toEqual(["1 assert_invalid: accepted"]);
    expect(failures('(assert_unlinkable (module) "unknown import")')).toEqual(["1 assert_unlinkable: linked"]);
  });

  it("does not count an invalid module as a malformed one", () => {
    const engine = { compile: () => refused("invalid", "unexpected end") };
    expect(failures('(assert_malformed (module binary "") "unexpected end")', engine)).toHaveLength(1);
  });

  it("counts the assembler's refusal of a quoted module, whose bytes never existed", () => {
    const report = run('(assert_malformed (module quote "(") "unexpected token")', {}, { error: { message: "eof" } });
    expect(report).toMatchObject({ passed: 1, failures: [] });
  });

  it("notes a refusal in other words than the suite's", () => {
    const script = '(assert_invalid (module) "unknown memory 0")';
    expect(run(script, { compile: () => refused("invalid", "unknown memory") }).notes).toEqual([]);
    expect(run(script, { compile: () => refused("invalid", "type mismatch") })).toMatchObject({
      passed: 1,
      notes: [{ line: 1 }],
    });
  });

  it("goes on after a module that failed, and fails what needs it", () => {
    const engine = { compile: () => refused("invalid", "no") };
    const script = '(module) (assert_return (invoke "f") (i32.const 1))\n(assert_invalid (module) "no")';
    expect(run(script, engine)).toMatchObject({ commands: 3, passed: 1 });
  });

  it("reports an engine that throws as failed and a command it does not know as skipped", () => {
    const broken = () => {
      throw new Error("oops");
    };
    expect(failures('(module) (invoke "f")', { invoke: broken })[0]).toContain("the engine broke");
    expect(run("(assert_dreams (module))")).toMatchObject({ passed: 0, skipped: [{ line: 1 }] });
  });

  it("takes a script of bare module fields as one module", () => {
    expect(run("(func) (memory 1)")).toMatchObject({ commands: 1, passed: 1 });
  });
});
