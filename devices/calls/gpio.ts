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
  if (line?.dir !== "out") return answer(context.ledger.refuse(handle.capability, SP.EDENIED));
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
    if (((level === 1 ? 1 : 2) & edges) === 0 || context.ledger.held(handle.capability) === undefined) return;
    context.post({ kind: EVENT.EDGE, handle: number, timeNs: nowNs(context.clock), arg: level, name });
  });
  return answer(0);
};

/** An edge counts when the level has stayed for the debounce time. */
function watchLine(line: InputLine, debounceMs: number, clock: Clock, then: (level: Level) => void): Cancel {
  let settled = line.get();
  let waiting: Cancel | undefined;
  const stop = line.onEdge((level) => {
    waiting?.();
    waiting = undefined;
    const settle = () => {
      if (level === settled) return;
      settled = level;
      then(level);
    };
    if (debounceMs === 0) settle();
    else waiting = clock.after(debounceMs, settle);
  });
  return () => {
    waiting?.();
    stop();
  };
}
