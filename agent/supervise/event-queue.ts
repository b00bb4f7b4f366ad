/**
 * Events a module has not seen yet. Bounded; a tick that still waits is not queued twice (a slow module sees fewer
 * ticks, not older ones); when full the oldest is dropped and counted, because the newest reading is the useful one.
 */
import { EVENT, type GuestEvent } from "../../runtime/index.ts";

const QUEUE_MAX = 256;

export interface EventQueue {
  push(event: GuestEvent): void;
  shift(): GuestEvent | undefined;
  clear(): void;
  readonly dropped: number;
}

export function createEventQueue(): EventQueue {
  const waiting: GuestEvent[] = [];
  let dropped = 0;
  return {
    push(event) {
      const repeated =
        event.kind === EVENT.TICK && waiting.some((one) => one.kind === EVENT.TICK && one.arg === event.arg);
      if (repeated) return;
      if (waiting.length >= QUEUE_MAX) {
        waiting.shift();
        dropped += 1;
      }
      waiting.push(event);
    },
    shift: () => waiting.shift(),
    clear: () => void waiting.splice(0),
    get dropped() {
      return dropped;
    },
  };
}
