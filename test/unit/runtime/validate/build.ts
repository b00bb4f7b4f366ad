/** Small modules for the Validator's tests, part by part through the encoder; whatever is not given is empty. */
import { decodeModule } from "../../../../runtime/binary/decode.ts";
import { type EncodableModule, encodeModule } from "../../../../runtime/binary/encode.ts";
import { ByteWriter } from "../../../../runtime/binary/writer.ts";
import { ALL_FEATURES } from "../../../../runtime/module/features.ts";
import type { CompositeType, SubType } from "../../../../runtime/module/module.ts";
import type { ValType } from "../../../../runtime/module/val-type.ts";
import { type ValidateOptions, validateModule } from "../../../../runtime/validate/module.ts";

const EMPTY: EncodableModule = {
  bytes: new Uint8Array(0),
  types: [],
  groups: [],
  imports: [],
  functions: [],
  tables: [],
  memories: [],
  globals: [],
  tags: [],
  exports: [],
  start: undefined,
  elements: [],
  dataCount: undefined,
  code: [],
  datas: [],
  customs: [],
};

export interface Parts extends Omit<Partial<EncodableModule>, "types" | "groups"> {
  /** Recursion groups, each a list of types. */
  readonly types?: readonly (readonly SubType[])[];
}

export function build({ types = [], ...parts }: Parts): Uint8Array {
  let start = 0;
  const groups = types.map(({ length }) => {
    start += length;
    return { start: start - length, count: length };
  });
  return encodeModule({ ...EMPTY, ...parts, types: types.flat(), groups });
}

export const sub = (composite: CompositeType, more: Partial<SubType> = {}): SubType => ({
  final: true,
  supers: [],
  ...more,
  composite,
});
export const func = (params: readonly ValType[] = [], results: readonly ValType[] = []): SubType =>
  sub({ kind: "func", params, results });
export const struct = (fields: readonly ValType[], more: Partial<SubType> = {}): SubType =>
  sub({ kind: "struct", fields: fields.map((type) => ({ type, mutable: false })) }, more);

/** A module of one function () -> () with this body, which is ended here. */
export function body(instructions: ArrayLike<number>, parts: Parts = {}): Uint8Array {
  const to = new ByteWriter(instructions.length + 1);
  to.raw(Uint8Array.from(instructions));
  to.byte(0x0b);
  return build({ types: [[func()]], functions: [0], code: [{ locals: [], body: to.bytes.slice() }], ...parts });
}

/** "accepted", or the refusal's line. */
export function answer(bytes: Uint8Array, options: ValidateOptions = { features: ALL_FEATURES }): string {
  const decoded = decodeModule(bytes);
  const verdict = decoded.ok ? validateModule(decoded.value, options) : decoded;
  return verdict.ok ? "accepted" : verdict.error.line();
}
