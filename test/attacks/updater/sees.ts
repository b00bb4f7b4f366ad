/**
 * What an operator sees of an attack: a code to look up, its kind, and one line that says what was refused and what was
 * expected. Each attack of this folder ends in such a line, or in the state that the attacker could not change.
 */
import { expect } from "vitest";
import type { Fault, FaultKind } from "../../../runtime/kernel/fault.ts";
import type { Result } from "../../../runtime/kernel/result.ts";
import { faultOf } from "../../unit/updater/site.ts";

/** Holds a refusal to its code and kind and to the text after the code: all of it, or a pattern of what varies. */
export function sees(result: Result<unknown>, code: string, kind: FaultKind, text: string | RegExp): Fault {
  return says(faultOf(result), code, kind, text);
}

/** The same for a fault that is reported without refusing anything. */
export function says(fault: Fault | undefined, code: string, kind: FaultKind, text: string | RegExp): Fault {
  if (fault === undefined) return expect.fail(`${code} was expected`);
  expect({ code: fault.code, kind: fault.kind }).toEqual({ code, kind });
  const line = fault.line();
  expect(line).not.toMatch(/[\n\r]/);
  expect(line.startsWith(`${code}: `)).toBe(true);
  const said = line.slice(code.length + 2);
  if (typeof text === "string") expect(said).toBe(text);
  else expect(said).toMatch(text);
  return fault;
}
