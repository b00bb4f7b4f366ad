/** Where V8 stood in compiled WebAssembly when something was thrown: frames from the innermost outwards. */

export interface CompiledFrame {
  /** In the index space of functions. */
  readonly f: number;
  /** Byte offset of the instruction in the compiled module. */
  readonly offset: number;
}

/** V8 writes them at the end of a call site; what stands before it is the module's own naming. */
const FRAME = /wasm-function\[(\d+)\]:0x([0-9a-f]+)\)?$/;

/** How many frames V8 notes, those of the host's own functions included, while `work` runs. */
export function withFrames<T>(frames: number, work: () => T): T {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = frames;
  try {
    return work();
  } finally {
    Error.stackTraceLimit = before;
  }
}

/** Empty when nothing was noted. Reads the stack by call sites, so that a name with line breaks in it adds none. */
export function framesOf(thrown: unknown): readonly CompiledFrame[] {
  if (!(thrown instanceof Error)) return [];
  const before = Error.prepareStackTrace;
  try {
    Error.prepareStackTrace = (_error, sites) => sites.map(String);
    const sites: unknown = thrown.stack;
    return Array.isArray(sites) ? sites.flatMap(frameOf) : [];
  } finally {
    Error.prepareStackTrace = before;
  }
}

function frameOf(site: unknown): CompiledFrame[] {
  const [, f, offset] = FRAME.exec(String(site)) ?? [];
  return f === undefined || offset === undefined ? [] : [{ f: Number(f), offset: Number.parseInt(offset, 16) }];
}
