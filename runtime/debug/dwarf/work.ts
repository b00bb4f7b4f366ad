/**
 * A purse of steps for one question to the reader: lists in the bytes may overlap, so that sizes alone do not bound the
 * work. What comes after the purse is empty is left out of the answer.
 */
export class Work {
  #left: number;

  constructor(steps: number) {
    this.#left = steps;
  }

  /** False when there is not enough left. */
  spend(steps = 1): boolean {
    this.#left -= steps;
    return this.#left >= 0;
  }
}
