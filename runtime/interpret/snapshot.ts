/**
 * Snapshots of a call that stands still: everything that the machine holds, in one digest-checked file, to be continued
 * in another process over the same modules. Code is not in it: functions are lowered again in the same order over the
 * same constants, and the result must have the same digest, so that every saved address means the same instruction.
 *
 * Layout: "SPSNAP" and a version byte pair; u32 length of a JSON header; the header; deflated words and memories; the
 * SHA-256 of all that.
 */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { snapshotFault } from "../faults.ts";
import { fromUtf8 } from "../kernel/bytes.ts";
import { sha256 } from "../kernel/digest.ts";
import { type Fault, reasonOf } from "../kernel/fault.ts";
import { attemptSync, type Result } from "../kernel/result.ts";
import type { Activation } from "./activation.ts";
import { type Machine, STACK_BASE } from "./machine.ts";
import { OPS } from "./ops.ts";
import { SLOW_NAMES } from "./slow-ops.ts";
import { type HostRefCodec, RefReader, RefWriter, type SavedObject, type SavedRef } from "./snapshot-refs.ts";
import type { Store } from "./store.ts";
import type { FunctionInstance, Ref } from "./value.ts";

const MAGIC = "SPSNAP01";
const HEADER_MAX = 1 << 28;
const DIGEST_BYTES = 32;

/** What a reader of the file must agree with: another instruction set lays out other addresses. */
const ENGINE = sha256(new TextEncoder().encode(JSON.stringify([OPS.map(({ name }) => name), SLOW_NAMES])));

interface Header {
  readonly engine: string;
  readonly modules: readonly string[];
  readonly probed: boolean;
  readonly f: number;
  readonly base: number;
  readonly state: Readonly<Record<"pc" | "fp" | "frame" | "instance" | "top" | "gcAllocated" | "gcCensusAt", number>>;
  /** null stands for an unbounded tank. */
  readonly fuel: number | null;
  readonly pending: { readonly f: number; readonly base: number } | null;
  readonly lowered: readonly number[];
  readonly codeDigest: string;
  readonly constants: readonly (readonly [string, number])[];
  readonly constantEnd: number;
  readonly counts: Readonly<Record<"functions" | "memories" | "tables" | "globals" | "datas" | "elements", number>>;
  readonly stackWords: number;
  readonly stackRefs: readonly (readonly [number, SavedRef])[];
  readonly globalRefs: readonly SavedRef[];
  readonly tables: readonly (readonly SavedRef[])[];
  readonly elements: readonly (readonly SavedRef[])[];
  readonly droppedDatas: readonly number[];
  readonly pages: readonly number[];
  readonly exception: SavedRef;
  readonly objects: readonly SavedObject[];
}

/** Writes the call down. It goes on as before; SNAPSHOT_HOST_REFERENCE when a reference of the host's has no codec. */
export function snapshot(store: Store, activation: Activation, hosts?: HostRefCodec): Result<Uint8Array, Fault> {
  return attemptSync(() => {
    const m = store.machine;
    const refs = new RefWriter(hosts);
    const end = usedStack(m, activation);
    const header: Header = {
      engine: ENGINE,
      modules: store.instances.map(({ module }) => sha256(module.bytes)),
      probed: store.probed,
      f: activation.f.id,
      base: activation.base,
      state: {
        pc: m.pc,
        fp: m.fp,
        frame: m.frame,
        instance: m.instance,
        top: m.top,
        gcAllocated: m.gcAllocated,
        gcCensusAt: m.gcCensusAt,
      },
      fuel: Number.isFinite(store.fuel) ? store.fuel : null,
      pending: m.pending ?? null,
      lowered: m.ranges.map(({ f }) => f),
      codeDigest: codeDigest(m),
      ...m.saveConstants(),
      counts: counts(m),
      stackWords: end - STACK_BASE,
      stackRefs: savedStackRefs(m, end, refs),
      globalRefs: m.globalRefs.map((one) => refs.save(one)),
      tables: m.tables.map(({ elements }) => elements.map((one) => refs.save(one))),
      elements: m.elementSegments.map((segment) => segment.map((one) => refs.save(one))),
      droppedDatas: m.datas.flatMap((data, n) => (data.length === 0 ? [n] : [])),
      pages: m.memories.map(({ pages }) => pages),
      exception: refs.save(m.exception ?? null),
      objects: refs.objects(),
    };
    const body = Buffer.concat([
      bytesOf(m.i32.subarray(0, STACK_BASE)),
      bytesOf(m.i32.subarray(STACK_BASE, end)),
      bytesOf(m.frames.subarray(0, m.frame)),
      bytesOf(m.globals.subarray(0, m.globalRefs.length * 4)),
      ...m.memories.map(({ bytes }) => bytes),
    ]);
    const json = new TextEncoder().encode(JSON.stringify(header));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(json.length);
    const packed = deflateRawSync(body, { level: 1 });
    const file = Buffer.concat([Buffer.from(MAGIC, "latin1"), length, json, packed]);
    return new Uint8Array(Buffer.concat([file, Buffer.from(sha256(file), "hex")]));
  });
}

const bytesOf = (words: Int32Array): Uint8Array => new Uint8Array(words.buffer, words.byteOffset, words.byteLength);

function codeDigest(m: Machine): string {
  return sha256(bytesOf(m.plainCode()));
}

function counts(m: Machine): Header["counts"] {
  return {
    functions: m.functions.length,
    memories: m.memories.length,
    tables: m.tables.length,
    globals: m.globalRefs.length,
    datas: m.datas.length,
    elements: m.elementSegments.length,
  };
}

/** The end of the stack words that the innermost frame may use. */
function usedStack(m: Machine, activation: Activation): number {
  const range = m.rangeOf(m.pc);
  const frameWords = range?.frameWords ?? 0;
  return Math.min(m.stackEnd, Math.max(m.fp + frameWords, activation.base + 2, (m.pending?.base ?? 0) + 64));
}

function savedStackRefs(m: Machine, end: number, refs: RefWriter): readonly (readonly [number, SavedRef])[] {
  const out: (readonly [number, SavedRef])[] = [];
  for (let at = STACK_BASE >> 1; at < end >> 1; at += 1) {
    const ref = m.refs[at];
    if (ref !== null && ref !== undefined) out.push([at, refs.save(ref)]);
  }
  return out;
}

/**
 * Puts a snapshot into a store that holds the same modules, adopted in the same order and not initialised. The call it
 * was taken of is returned, standing still. SNAPSHOT_MALFORMED, SNAPSHOT_DIGEST, SNAPSHOT_MISMATCH.
 */
export function restore(store: Store, file: Uint8Array, hosts?: HostRefCodec): Result<Activation, Fault> {
  return attemptSync(() => readable(() => put(store, file, hosts)));
}

/** A header that lacks a field or an area shows as one of JavaScript's own errors: the file is at fault. */
function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError) {
      throw snapshotFault("SNAPSHOT_MALFORMED", { reason: reasonOf(error) }, error);
    }
    throw error;
  }
}

function put(store: Store, file: Uint8Array, hosts: HostRefCodec | undefined): Activation {
  const { header, body } = open(file, store);
  const m = store.machine;
  mismatch(header.engine === ENGINE, "it was taken by another version of the engine");
  const modules = store.instances.map(({ module }) => sha256(module.bytes));
  mismatch(modules.join() === header.modules.join(), "it is of other modules, or of modules in another order");
  mismatch(JSON.stringify(counts(m)) === JSON.stringify(header.counts), "the store holds other things besides them");
  mismatch(store.probed === header.probed, "one of the two runs with probes");
  const take = reader(body);
  m.loadConstants(take(STACK_BASE), header.constants, header.constantEnd);
  m.forgetCode();
  for (const f of header.lowered) {
    mismatch(m.functions[f]?.host === undefined && m.entries[f] === 0, "a function it has lowered is not there");
    m.prepare(f);
  }
  mismatch(codeDigest(m) === header.codeDigest, "its functions lower to other code");
  m.i32.set(take(header.stackWords), STACK_BASE);
  m.frames.set(take(header.state.frame));
  m.globals.set(take(header.counts.globals * 4));
  for (const [n, memory] of m.memories.entries()) {
    const pages = header.pages[n] ?? 0;
    mismatch(memory.grow(pages - memory.pages) >= 0, `a memory of ${pages} pages is above the store's limit`);
    memory.bytes.set(take.bytes(memory.size));
  }
  take.end();
  restoreRefs(m, header, hosts);
  Object.assign(m, header.state);
  store.fuel = header.fuel ?? Number.POSITIVE_INFINITY;
  m.pending = header.pending ?? undefined;
  m.view = m.viewOf(m.instance);
  return store.resumed(m.functions[header.f] as FunctionInstance, header.base);
}

function restoreRefs(m: Machine, header: Header, hosts: HostRefCodec | undefined): void {
  const refs = new RefReader(m, header.objects, hosts);
  // Constant expressions of the modules have left theirs where the snapshot may have none.
  m.refs.fill(null, STACK_BASE >> 1, (STACK_BASE + header.stackWords) >> 1);
  for (const [at, ref] of header.stackRefs) m.refs[at] = refs.load(ref);
  for (const [n, ref] of header.globalRefs.entries()) m.globalRefs[n] = refs.load(ref);
  for (const [n, table] of m.tables.entries()) {
    table.elements.length = 0;
    for (const ref of header.tables[n] ?? []) table.elements.push(refs.load(ref));
  }
  for (const [n, segment] of header.elements.entries()) m.elementSegments[n] = segment.map((one) => refs.load(one));
  for (const n of header.droppedDatas) m.datas[n] = new Uint8Array(0);
  m.exception = (refs.load(header.exception) as Exclude<Ref, number> as Machine["exception"]) ?? undefined;
}

function open(file: Uint8Array, store: Store): { header: Header; body: Uint8Array } {
  const start = MAGIC.length + 4;
  if (file.length < start + DIGEST_BYTES) throw malformed("it is too short");
  const content = file.subarray(0, file.length - DIGEST_BYTES);
  if (sha256(content) !== Buffer.from(file.subarray(file.length - DIGEST_BYTES)).toString("hex")) {
    throw snapshotFault("SNAPSHOT_DIGEST");
  }
  if (Buffer.from(file.subarray(0, MAGIC.length)).toString("latin1") !== MAGIC)
    throw malformed("it is none, or of another version");
  const length = new DataView(file.buffer, file.byteOffset).getUint32(MAGIC.length, true);
  if (length > HEADER_MAX || start + length > content.length) throw malformed("its header is cut off");
  const text = fromUtf8(content.subarray(start, start + length));
  if (text === undefined) throw malformed("its header is no text");
  const header = JSON.parse(text) as Header;
  const { memoryBytes } = store.limits;
  const maxOutputLength = Math.min(2 ** 32, memoryBytes * Math.max(1, header.counts.memories) + (1 << 28));
  return { header, body: new Uint8Array(inflateRawSync(content.subarray(start + length), { maxOutputLength })) };
}

function reader(body: Uint8Array) {
  let at = 0;
  const bytes = (count: number): Uint8Array => {
    if (!(count >= 0) || at + count > body.length) throw malformed("its body is cut off");
    at += count;
    return body.subarray(at - count, at);
  };
  const words = (count: number): Int32Array => new Int32Array(bytes(count * 4).slice().buffer);
  const end = () => {
    if (at !== body.length) throw malformed("its body goes on after its end");
  };
  return Object.assign(words, { bytes, end });
}

const malformed = (reason: string) => snapshotFault("SNAPSHOT_MALFORMED", { reason });

function mismatch(fits: boolean, reason: string): void {
  if (!fits) throw snapshotFault("SNAPSHOT_MISMATCH", { reason });
}
