/**
 * As much of WASI preview 1 as benchmark programs need: arguments, standard output into a buffer, a clock that stands
 * still, exit. Written once over a view of memory, for imports of V8 and host functions of the interpreter alike.
 */

export class Exit extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

const SUCCESS = 0;
const BADF = 8;
const NOSYS = 52;

export interface MiniWasi {
  readonly output: string[];
  /** Parameters as numbers or bigints, as V8 passes them. */
  call(name: string, args: readonly (number | bigint)[]): number;
}

export function miniWasi(args: readonly string[], memory: () => Uint8Array): MiniWasi {
  const output: string[] = [];
  const encoded = args.map((one) => new TextEncoder().encode(`${one}\0`));
  const view = () => {
    const bytes = memory();
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
  const u32 = (at: number, value: number) => view().setUint32(at, value, true);
  const functions: Readonly<Record<string, (...args: number[]) => number>> = {
    args_sizes_get: (count = 0, size = 0) => {
      u32(count, encoded.length);
      u32(
        size,
        encoded.reduce((sum, one) => sum + one.length, 0),
      );
      return SUCCESS;
    },
    args_get: (pointers = 0, buffer = 0) => {
      let at = buffer;
      for (const [n, one] of encoded.entries()) {
        u32(pointers + 4 * n, at);
        memory().set(one, at);
        at += one.length;
      }
      return SUCCESS;
    },
    environ_sizes_get: (count = 0, size = 0) => {
      u32(count, 0);
      u32(size, 0);
      return SUCCESS;
    },
    environ_get: () => SUCCESS,
    clock_time_get: (_id, _precision, at = 0) => {
      view().setBigUint64(at, 1_000_000_000n, true);
      return SUCCESS;
    },
    fd_write: (fd, vectors = 0, count = 0, written = 0) => {
      let total = 0;
      for (let n = 0; n < count; n += 1) {
        const start = view().getUint32(vectors + 8 * n, true);
        const length = view().getUint32(vectors + 8 * n + 4, true);
        output.push(new TextDecoder().decode(memory().slice(start, start + length)));
        total += length;
      }
      u32(written, total);
      return fd === 1 || fd === 2 ? SUCCESS : BADF;
    },
    fd_fdstat_get: (fd = 0, at = 0) => {
      if (fd > 2) return BADF;
      memory().fill(0, at, at + 24);
      memory()[at] = 2;
      return SUCCESS;
    },
    fd_prestat_get: () => BADF,
    proc_exit: (code = 0) => {
      throw new Exit(code);
    },
  };
  return {
    output,
    call: (name, values) => functions[name]?.(...values.map(Number)) ?? NOSYS,
  };
}
