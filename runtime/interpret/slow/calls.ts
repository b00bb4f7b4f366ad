/** Calls that change frames outside the loop: by reference, tail calls, exceptions. Sections 4.6.8, 4.6.10, 4.6.11. */
import { isRef, V128, type ValType } from "../../module/val-type.ts";
import { allocate } from "../gc-heap.ts";
import type { TagInstance } from "../instances.ts";
import { structBytes } from "../layout.ts";
import { totalWords } from "../lower.ts";
import { HALT_PC, type Machine, type SlowHandler } from "../machine.ts";
import type { SlowName } from "../slow-ops.ts";
import { STATUS } from "../status.ts";
import { TRAP } from "../traps.ts";
import { ExceptionRef, FunctionInstance, type Ref } from "../value.ts";
import { int, ref, word } from "./access.ts";

/** Lets the loop go on in function `f` with arguments at `base`; minus a status when it cannot. */
function enter(m: Machine, f: number, base: number, returnTo: number): number {
  let target = m.entries[f] as number;
  if (target < 0) {
    m.pc = returnTo;
    const status = m.callHost(f, base);
    m.changed = true;
    return status === 0 ? returnTo : -status;
  }
  if (target === 0) {
    target = m.prepare(f);
    m.changed = true;
    if (target < 0) return target;
  }
  if (m.frame >= m.framesEnd) return -TRAP.stackExhausted;
  m.frames[m.frame] = returnTo;
  m.frames[m.frame + 1] = m.fp;
  m.frames[m.frame + 2] = m.instance;
  m.frame += 3;
  return arrive(m, f, base, target);
}

function arrive(m: Machine, f: number, base: number, target: number): number {
  m.fp = base;
  const to = m.instanceOf[f] as number;
  if (to !== m.instance) {
    m.instance = to;
    m.view = m.viewOf(to);
  }
  m.changed = true;
  return target;
}

const callRef: SlowHandler = (m, pc, fp) => {
  const f = ref(m, pc, fp, 1);
  if (!(f instanceof FunctionInstance)) return -TRAP.nullFunction;
  return enter(m, f.id, fp + word(m, pc, 2), pc + 3);
};

/** Arguments move to the frame's beginning, and the callee takes the frame over. */
function tailCall(m: Machine, f: number, fp: number, base: number, words: number): number {
  m.i32.copyWithin(fp, fp + base, fp + base + words);
  m.refs.copyWithin(fp >> 1, (fp + base) >> 1, (fp + base + words) >> 1);
  const target = m.entries[f] as number;
  if (target < 0) {
    const status = m.callHost(f, fp);
    // The frame is gone, whatever the host function did: results and exceptions belong to the caller.
    const back = leave(m);
    m.pc = back;
    return status === 0 ? back : -status;
  }
  const ready = target === 0 ? m.prepare(f) : target;
  return ready < 0 ? ready : arrive(m, f, fp, ready);
}

/** Pops the current frame: what the loop's `return` does. */
function leave(m: Machine): number {
  m.frame -= 3;
  m.fp = m.frames[m.frame + 1] as number;
  m.instance = m.frames[m.frame + 2] as number;
  m.view = m.viewOf(m.instance);
  m.changed = true;
  return m.frames[m.frame] as number;
}

const returnCall: SlowHandler = (m, pc, fp) => tailCall(m, word(m, pc, 1), fp, word(m, pc, 2), word(m, pc, 3));

const returnCallIndirect: SlowHandler = (m, pc, fp) => {
  const f = m.indirect(word(m, pc, 1), int(m, pc, fp, 3), word(m, pc, 2));
  return f < 0 ? f : tailCall(m, f, fp, word(m, pc, 4), word(m, pc, 5));
};

const returnCallRef: SlowHandler = (m, pc, fp) => {
  const f = ref(m, pc, fp, 1);
  if (!(f instanceof FunctionInstance)) return -TRAP.nullFunction;
  return tailCall(m, f.id, fp, word(m, pc, 2), word(m, pc, 3));
};

/** The payload of a tag as it lies at `at` in the frame. */
function payload(m: Machine, params: readonly ValType[], at: number): { words: Int32Array; refs: Ref[] } {
  const words = m.i32.slice(at, at + totalWords(params));
  const refs: Ref[] = [];
  let slot = at;
  for (const type of params) {
    if (isRef(type)) refs.push(m.refs[slot >> 1] as Ref);
    slot += type === V128 ? 4 : 2;
  }
  return { words, refs };
}

const raise: SlowHandler = (m, pc, fp) => {
  const tag = word(m, pc, 1);
  const { words, refs } = payload(m, (m.tags[tag] as TagInstance).params, fp + word(m, pc, 2));
  if (!allocate(m, structBytes({ words: words.length, refs: refs.length }))) return -TRAP.gcHeap;
  return unwind(m, new ExceptionRef(tag, words, refs), pc);
};

const raiseAgain: SlowHandler = (m, pc, fp) => {
  const exception = ref(m, pc, fp, 1);
  return exception instanceof ExceptionRef ? unwind(m, exception, pc) : -TRAP.nullException;
};

/**
 * Finds the innermost handler from the instruction at `pc` outwards and goes on there; minus the status when the
 * exception leaves the invocation. Section 4.6.10, throw_ref.
 */
export function unwind(m: Machine, exception: ExceptionRef, pc: number): number {
  let at = pc;
  for (;;) {
    const range = m.rangeOf(at);
    const relative = range === undefined ? 0 : at - range.start;
    for (const handler of range?.handlers ?? []) {
      if (relative < handler.from || relative >= handler.to) continue;
      if (handler.tag !== -1 && handler.tag !== exception.tag) continue;
      let slot = m.fp + handler.base;
      if (handler.tag !== -1) {
        m.i32.set(exception.words, slot);
        let next = 0;
        for (const type of (m.tags[exception.tag] as TagInstance).params) {
          if (isRef(type)) {
            m.refs[slot >> 1] = exception.refs[next] as Ref;
            next += 1;
          }
          slot += type === V128 ? 4 : 2;
        }
      }
      if (handler.withReference) m.refs[slot >> 1] = exception;
      m.fuel -= handler.cost;
      m.changed = true;
      return (range?.start ?? 0) + handler.target;
    }
    const back = m.frames[m.frame - 3] as number;
    if (back === HALT_PC) {
      m.exception = exception;
      return -STATUS.exception;
    }
    leave(m);
    at = back - 1;
  }
}

export const callHandlers: Partial<Record<SlowName, SlowHandler>> = {
  call_ref: callRef,
  return_call: returnCall,
  return_call_indirect: returnCallIndirect,
  return_call_ref: returnCallRef,
  throw: raise,
  throw_ref: raiseAgain,
};
