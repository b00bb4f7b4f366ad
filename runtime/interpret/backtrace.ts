/** Where a machine stands: guest frames from the innermost outwards, each with its place in the module. */
import { HALT_PC, type Machine } from "./machine.ts";
import type { FunctionInstance } from "./value.ts";

export interface FramePlace {
  readonly f: FunctionInstance;
  /** Byte offset of the instruction in its module: the next one of the innermost frame, the call of the others. */
  readonly offset: number;
  /** First word of the frame. */
  readonly fp: number;
}

/** Backtraces are cut here. */
const FRAMES_MAX = 32;

export function framesOf(m: Machine, max: number = FRAMES_MAX): readonly FramePlace[] {
  const out: FramePlace[] = [];
  let { pc, fp, frame } = m;
  while (out.length < max) {
    const range = m.rangeOf(pc);
    if (range !== undefined) {
      const f = m.functions[range.f] as FunctionInstance;
      out.push({ f, offset: offsetAt(range.positions, pc - range.start), fp });
    }
    frame -= 3;
    if (frame < 0) break;
    const back = m.frames[frame] as number;
    fp = m.frames[frame + 1] as number;
    if (back === HALT_PC) break;
    pc = back - 1;
  }
  return out;
}

/** The WebAssembly offset of the instruction that holds word `at` of a function's code. */
export function offsetAt(positions: Int32Array, at: number): number {
  let low = 0;
  let high = positions.length / 2 - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((positions[middle * 2] as number) <= at) low = middle;
    else high = middle - 1;
  }
  return positions[low * 2 + 1] ?? 0;
}
