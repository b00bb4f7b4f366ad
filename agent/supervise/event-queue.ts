/**
 * Events a module has not seen yet. Bounded; a tick that still waits is not queued twice (a slow module sees fewer
 * ticks, not older ones); when full the oldest is dropped and counted, because the newest reading is the useful one.
 */

import { EVENT, type GuestEvent } from "../../runtime/index.ts";
import { equalBytes } from "../../runtime/kernel/bytes.ts";

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
      const drop = (at: number) => {
        if (at < 0) return;
        waiting.splice(at, 1);
        dropped += 1;
      };
      const { queueLimit } = event;
      if (queueLimit !== undefined && waiting.filter((one) => isLike(one, event)).length >= queueLimit) {
        drop(waiting.findIndex((one) => isLike(one, event)));
      }
      if (waiting.length >= QUEUE_MAX) drop(0);
      waiting.push(event);
    },
    shift: () => waiting.shift(),
    clear: () => void waiting.splice(0),
    get dropped() {
      return dropped;
    },
  };
}

function isLike(a: GuestEvent, b: GuestEvent): boolean {
  if (a.kind !== b.kind) return false;
  return a.name === b.name || (a.name !== undefined && b.name !== undefined && equalBytes(a.name, b.name));
}
