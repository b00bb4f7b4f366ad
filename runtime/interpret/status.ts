/** Why the dispatch loop came back. Numbers below 64 are traps; see `TRAP`. */
export const STATUS = {
  done: 0,
  fuel: 64,
  /** A host function threw or refused: the machine holds the fault. */
  fault: 65,
  /** An exception reached the base frame: the machine holds it. */
  exception: 66,
  /** A probe asks to stop before the instruction at pc. */
  probe: 67,
  /** A host function's answer is not there yet. */
  waiting: 68,
} as const;
