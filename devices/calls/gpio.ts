/** gpio_open, gpio_get, gpio_set, gpio_watch: one line by name, in the direction that was granted. */
import { EVENT, SP } from "../../runtime/index.ts";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import type { Cancel, Clock } from "../../runtime/kernel/world.ts";
import type { InputLine, Level } from "../gpio/port.ts";
import { answer, type CallContext, type CallFunction, handleOf, int, nowNs, openHandle, text } from "./context.ts";

const DIRECTIONS = ["in", "out"] as const;

const lineOf = ({ board }: CallContext, capability: string) => board.lines.get(capability.slice("gpio:".length));

export const gpioOpen: CallFunction = (context, call) => {
  const id = `gpio:${text(call, 0)}`;
  const direction = DIRECTIONS[int(call, 0)];
  if (direction === undefined) return answer(SP.EINVAL);
  const allowed = context.ledger.check(id);
  if (allowed < 0) return answer(allowed);
  const held = context.ledger.held(id);
  // A line granted as input cannot be opened as output.
  if (held?.cap !== "gpio" || held.dir !== direction) return answer(context.ledger.refuse(id, SP.EDENIED));
  const line = lineOf(context, id);
  if (line === undefined) return answer(SP.ENOENT);
  if (line.dir !== direction) return answer(SP.ENOSUP);
  return answer(openHandle(context, id));
};

export const gpioGet: CallFunction = (context, call) => {
  const handle = handleOf(context, call, "gpio:");
  if (typeof handle === "number") return answer(handle);
  const allowed = context.ledger.use(handle.capability);
  if (allowed < 0) return answer(allowed);
  return answer(lineOf(context, handle.capability)?.get() ?? SP.ENOENT);
};

export const gpioSet: CallFunction = (context, call) => {
  const handle = handleOf(context, call, "gpio:");
  if (typeof handle === "number") return answer(handle);
  const level = int(call, 1);
  if (level !== 0 && level !== 1) return answer(SP.EINVAL);
  const allowed = context.ledger.use(handle.capability);
  if (allowed < 0) return answer(allowed);
  const line = lineOf(context, handle.capability);
  const held = context.ledger.held(handle.capability);
  // As granted now: since the handle was opened the grant may have become an input's.
  const granted = held?.cap === "gpio" && held.dir === "out";
  if (!granted || line?.dir !== "out") return answer(context.ledger.refuse(handle.capability, SP.EDENIED));
  line.set(level, "set by the module");
  return answer(0);
};

export const gpioWatch: CallFunction = (context, call) => {
  const handle = handleOf(context, call, "gpio:");
  if (typeof handle === "number") return answer(handle);
  const edges = int(call, 1);
  const debounceMs = (int(call, 2) >>> 0) / 1000;
  if (edges < 0 || edges > 3) return answer(SP.EINVAL);
  const allowed = context.ledger.check(handle.capability);
  if (allowed < 0) return answer(allowed);
  const line = lineOf(context, handle.capability);
  if (line?.dir !== "in") return answer(SP.ENOSUP);
  handle.watch?.();
  handle.watch = undefined;
  if (edges === 0) return answer(0);
  const number = int(call, 0);
  const name = utf8(line.name);
  handle.watch = watchLine(line, debounceMs, context.clock, (level) => {
    const held = context.ledger.held(handle.capability);
    if (held?.cap !== "gpio" || ((level === 1 ? 1 : 2) & edges) === 0) return 0;
    if (context.ledger.use(handle.capability) < 0) return 1000 / held.maxHz;
    context.post({ kind: EVENT.EDGE, handle: number, timeNs: nowNs(context.clock), arg: level, name });
    return 0;
  });
  return answer(0);
};

/**
 * An edge counts when the level has stayed for the debounce time. `then` answers how many milliseconds to wait when it
 * comes too soon: the newest level is offered again, so that a module misses a flicker and never keeps a wrong level.
 */
function watchLine(line: InputLine, debounceMs: number, clock: Clock, then: (level: Level) => number): Cancel {
  let settled = line.get();
  let seen = settled;
  let waiting: Cancel | undefined;
  const settle = () => {
    waiting = undefined;
    if (seen === settled) return;
    const againMs = then(seen);
    if (againMs > 0) waiting = clock.after(againMs, settle);
    else settled = seen;
  };
  const stop = line.onEdge((level) => {
    waiting?.();
    waiting = undefined;
    seen = level;
    if (debounceMs === 0) settle();
    else waiting = clock.after(debounceMs, settle);
  });
  return () => {
    waiting?.();
    stop();
  };
}
