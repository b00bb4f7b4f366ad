/** Every bound of the engine on one page, each with its reason. */
export const ENGINE_LIMITS = {
  /** A module larger than this is no edge module; it also bounds what the Loader reads. */
  moduleBytes: 64 * 1024 * 1024,
  /** Entries of one section (types, imports, exports …). Honest modules have a few thousand. */
  sectionEntries: 1_000_000,
  /**
   * Entries of all sections, parameters, fields and expressions of segments together, custom sections too: each becomes
   * an object of up to 300 bytes. An honest module of 60 MB has 300 000 functions, and little else in such numbers.
   */
  moduleEntries: 1_000_000,
  /** Bytes of an import or export name. */
  nameBytes: 100_000,
  /** Parameters or results of one function type. */
  typeArity: 1000,
  structFields: 10_000,
  /** Blocks inside blocks. */
  nesting: 1000,
  /** Locals of one function, parameters not counted. */
  locals: 50_000,
  /** Labels of one br_table. */
  branchTargets: 1_000_000,
  /** Supertypes above a type. */
  subtypeDepth: 63,
  /** Types of one registry, over all modules that share it: a reference type has 25 bits for the number. */
  registryTypes: 8_000_000,
  /** Operands on the validation stack of one function. */
  operands: 100_000,
  /**
   * Operands and locals that a module may make the Validator move, beside what each of its instructions names: so many,
   * and so many more per byte. A call or branch of a few bytes moves up to 1000, a structure 10 000.
   */
  transfers: 10_000_000,
  transfersPerByte: 32,
  /** Pages of 64 KiB that the specification allows a 32-bit memory. */
  memoryPages: 65_536,
  /** What one crossing call may carry in and out: a 64 KiB payload, a name beside it, and room. */
  crossingBytes: 72 * 1024,
  /** A worker that has not come up by then will not: the board is out of memory or of time. */
  workerStartMs: 20_000,
  /** After a call's deadline the worker is given so long, because timers and messages are not exact. */
  deadlineGraceMs: 20,
  /** Milliseconds that a guest has to stop by itself when it is asked to, before its thread is ended. */
  stopMs: 50,
  /**
   * Milliseconds in which a module is prepared, and more for each MiB of it. Some 10 ms for 100 KB where this was written;
   * a board may be a hundred times slower.
   */
  prepareMs: 10_000,
  prepareMsPerMiB: 2000,
  /** JavaScript heap of the thread that prepares modules: for 25 MB, of which the instrumenter makes what is just admitted. */
  prepareHeapMiB: 512,
  /**
   * Up to so many bytes, a module of the tier `auto` is prepared beside the start of its thread and is often done first;
   * a larger one when its guest has begun, so that the two do not share processors until then.
   */
  prepareBesideBytes: 64 * 1024,
  /** Milliseconds after which the preparing thread ends when no module came. */
  prepareIdleMs: 10_000,
  /** JavaScript heap of a worker; the guest's linear memory is not in it. */
  workerHeapMiB: 32,
  /** Bytes of one log line that are kept. */
  logLineBytes: 2000,
  /** Log lines that wait in a worker before they are sent. */
  logBatchLines: 64,
} as const;
