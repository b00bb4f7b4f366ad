/** One thing at a time: transitions of module state are queued here so that none sees another half done. */
export interface Serial {
  run<T>(body: () => Promise<T>): Promise<T>;
  /** Resolves when everything queued so far is done. */
  idle(): Promise<void>;
}

export function createSerial(): Serial {
  let tail: Promise<unknown> = Promise.resolve();
  return {
    run(body) {
      const next = tail.then(body, body);
      tail = next.catch(() => undefined);
      return next;
    },
    async idle() {
      await tail;
    },
  };
}
