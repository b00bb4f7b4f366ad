/**
 * Handles of one holder: small integers, `slot + 64 × generation`, so that a handle that was closed and its slot given
 * out again is recognised as the old one. Never 0: a guest's unset variable is no handle. At most 64 at a time.
 */
import type { CapabilityId } from "../runtime/kernel/authority/capability.ts";
import type { Cancel } from "../runtime/kernel/world.ts";

const SLOTS = 64;
/** Handles stay positive 32-bit integers; a module that opens and closes two billion times starts over. */
const GENERATIONS = 2 ** 24 - 1;

export interface Handle {
  readonly capability: CapabilityId;
  /** Ends what watches through this handle. */
  watch: Cancel | undefined;
  /** Taken away while open: calls say SP_EREVOKED instead of SP_EBADF. */
  revoked: boolean;
}

export interface Handles {
  /** undefined when all slots are taken. */
  open(capability: CapabilityId): number | undefined;
  get(number: number): Handle | undefined;
  close(number: number): boolean;
  /** All handles under a capability. */
  under(capability: CapabilityId): readonly Handle[];
  closeAll(): void;
}

export function createHandles(): Handles {
  const slots: (Handle | undefined)[] = Array.from({ length: SLOTS });
  const generations = new Uint32Array(SLOTS).fill(1);
  const slotOf = (number: number): number | undefined => {
    const slot = number % SLOTS;
    const current = Number.isInteger(number) && number >= 0 && Math.floor(number / SLOTS) === generations[slot];
    return current && slots[slot] !== undefined ? slot : undefined;
  };
  const free = (slot: number) => {
    slots[slot]?.watch?.();
    slots[slot] = undefined;
    generations[slot] = ((generations[slot] ?? 0) % GENERATIONS) + 1;
  };
  return {
    open(capability) {
      const slot = slots.indexOf(undefined);
      if (slot < 0) return undefined;
      slots[slot] = { capability, watch: undefined, revoked: false };
      return slot + SLOTS * (generations[slot] ?? 0);
    },
    get: (number) => {
      const slot = slotOf(number);
      return slot === undefined ? undefined : slots[slot];
    },
    close(number) {
      const slot = slotOf(number);
      if (slot !== undefined) free(slot);
      return slot !== undefined;
    },
    under: (capability) => slots.filter((one) => one?.capability === capability).filter((one) => one !== undefined),
    closeAll() {
      for (const slot of slots.keys()) if (slots[slot] !== undefined) free(slot);
    },
  };
}
