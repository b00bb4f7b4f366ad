/**
 * Shapes for documents that others define. in-toto and SLSA tell readers to ignore fields they do not know, and real
 * builders add some; so here, and only here, unknown fields are dropped instead of refused. What is read is as bounded
 * as anywhere, and what is dropped is never looked at again.
 */
import { object, type Shape } from "../runtime/kernel/shape.ts";

type Fields = Readonly<Record<string, Shape<unknown>>>;

/** Like the kernel's `object`, with unknown fields dropped. */
export function tolerant<const F extends Fields>(fields: F): ReturnType<typeof object<F>> {
  const closed = object(fields);
  const names = Object.keys(fields);
  return { parse: (value, at) => closed.parse(pick(value, names), at) };
}

/** protobuf's JSON writes an absent field as `null` too; use inside `optional`. */
export function nullable<T>(shape: Shape<T>): Shape<T | undefined> {
  return { parse: (value, at) => (value === null ? undefined : shape.parse(value, at)) };
}

function pick(value: unknown, names: readonly string[]): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const known = Object.entries(value).filter(([name]) => names.includes(name));
  return Object.fromEntries(known);
}
