/** Modules byte by byte, for tests of what reads them. */
import { leb } from "../../../../runtime/binary/reader.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { decodeModule, type Module } from "../../../../runtime/tool/index.ts";

type Bytes = readonly number[] | Uint8Array;

export const HEAD = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

export const bytesOf = (...parts: readonly Bytes[]): Uint8Array =>
  new Uint8Array(Buffer.concat(parts.map((one) => Uint8Array.from(one))));

export const decode = (...parts: readonly Bytes[]): Module => unwrap(decodeModule(bytesOf(...parts)));

/** A name as the binary format has it. */
export const name = (text: string): readonly number[] => {
  const bytes = new TextEncoder().encode(text);
  return [...leb(bytes.length), ...bytes];
};

export const section = (id: number, ...body: readonly number[]): readonly number[] => [
  id,
  ...leb(body.length),
  ...body,
];

export const custom = (title: string, ...body: readonly number[]): readonly number[] =>
  section(0, ...name(title), ...body);

/** Of the name section: laid out like a section. */
export const subsection = section;

/** A module of one function of type [] -> [] with these instructions and a final `end`. */
export const oneFunction = (...code: readonly number[]): readonly Bytes[] => [
  HEAD,
  section(1, 1, 0x60, 0, 0),
  section(3, 1, 0),
  // Instructions that name data segments want their count; there are none.
  section(12, 0),
  section(10, 1, ...leb(code.length + 2), 0, ...code, 0x0b),
];
