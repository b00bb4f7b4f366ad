/**
 * Unknown JSON to a typed value, once, at the edge. A shape is closed: unknown fields are refused, every string and
 * array is bounded, and each refusal names the path. It does not coerce and has no defaults except `optional`. Each
 * shape also describes itself as JSON Schema, from the same arguments.
 */
import { assert } from "./assert.ts";
import { declareFaults, type Fault, reasonOf } from "./fault.ts";
import { type JsonSchema, objectSchema, withDescription } from "./json-schema.ts";
import { err, ok, type Result } from "./result.ts";

export const { catalogue, fault } = declareFaults("SHAPE", {
  SHAPE_MISMATCH: {
    kind: "refusal",
    says: "{what}: {at} must be {expected}, found {found}",
    means:
      "A document does not have the form its schema asks for: a field is missing, unknown, of another type or too long.",
    todo: "Correct the named field. Documents are closed: a field of a newer schema is refused by an older program.",
  },
  SHAPE_NOT_JSON: {
    kind: "refusal",
    says: "{what}: not valid JSON in UTF-8: {reason}",
    means: "The bytes could not be read as JSON text.",
    todo: "Check that the file is complete and was not altered on the way.",
  },
  SHAPE_TOO_LARGE: {
    kind: "refusal",
    says: "{what}: {size} bytes, at most {max} are accepted",
    means: "A document is larger than any honest one would be; it was refused before it was parsed.",
    todo: "Check where it came from. If it is honest, make it smaller.",
  },
});

/** A parser of one kind of value. `at` is the path so far, e.g. `capabilities.gpio[2].line`. Throws `Mismatch`. */
export interface Shape<T> {
  parse(value: unknown, at: string): T;
  /** The same as JSON Schema. Absent for parts of documents that others define, which have schemas of their own. */
  schema?(): JsonSchema;
}
export type Infer<S> = S extends Shape<infer T> ? T : never;

/** Describes what `shape` takes. Every part must describe itself, as those of our own documents do. */
export function schemaOf(shape: Shape<unknown>): JsonSchema {
  assert(shape.schema !== undefined, "a shape of a published document describes itself");
  return shape.schema();
}

/** Internal to shapes: carries the path out; `parseShape` turns it into a Fault. */
class Mismatch extends Error {
  readonly at: string;
  readonly expected: string;
  readonly found: string;
  constructor(at: string, expected: string, value: unknown, found = describe(value)) {
    super(`${at}: ${expected}`);
    this.at = at === "" ? "the document" : at;
    this.expected = expected;
    this.found = found;
  }
}

function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  return typeof value === "object" ? "an object" : String(value);
}

export function parseShape<T>(shape: Shape<T>, value: unknown, what: string): Result<T> {
  try {
    return ok(shape.parse(value, ""));
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    return err(fault("SHAPE_MISMATCH", { what, at: error.at, expected: error.expected, found: error.found }));
  }
}

/** Bytes to typed value: bounded, UTF-8 checked, parsed, shaped. */
export function parseJson<T>(shape: Shape<T>, bytes: Uint8Array, what: string, maxBytes: number): Result<T, Fault> {
  if (bytes.byteLength > maxBytes) {
    return err(fault("SHAPE_TOO_LARGE", { what, size: bytes.byteLength, max: maxBytes }));
  }
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    return err(fault("SHAPE_NOT_JSON", { what, reason: reasonOf(error) }, error));
  }
  return parseShape(shape, value, what);
}

export function string(limits: { min?: number; max: number }): Shape<string> {
  return {
    parse(value, at) {
      if (typeof value !== "string") throw new Mismatch(at, "a string", value);
      if (value.length > limits.max) throw new Mismatch(at, `at most ${limits.max} characters`, value);
      if (value.length < (limits.min ?? 0)) throw new Mismatch(at, `at least ${limits.min} characters`, value);
      return value;
    },
    schema: () => ({
      type: "string",
      ...(limits.min === undefined ? {} : { minLength: limits.min }),
      maxLength: limits.max,
    }),
  };
}

export function integer(limits: { min: number; max: number }): Shape<number> {
  return {
    parse(value, at) {
      if (typeof value !== "number" || !Number.isSafeInteger(value)) throw new Mismatch(at, "an integer", value);
      if (value < limits.min || value > limits.max) {
        throw new Mismatch(at, `an integer from ${limits.min} to ${limits.max}`, value);
      }
      return value;
    },
    schema: () => ({ type: "integer", minimum: limits.min, maximum: limits.max }),
  };
}

export function number(limits: { min: number; max: number }): Shape<number> {
  return {
    parse(value, at) {
      if (typeof value !== "number" || !Number.isFinite(value) || value < limits.min || value > limits.max) {
        throw new Mismatch(at, `a number from ${limits.min} to ${limits.max}`, value);
      }
      return value;
    },
    schema: () => ({ type: "number", minimum: limits.min, maximum: limits.max }),
  };
}

export const boolean: Shape<boolean> = {
  parse(value, at) {
    if (typeof value !== "boolean") throw new Mismatch(at, "true or false", value);
    return value;
  },
  schema: () => ({ type: "boolean" }),
};

/** The same shape for a value that may hold a secret: a refusal does not show it. */
export function hidden<T>(shape: Shape<T>): Shape<T> {
  return {
    parse(value, at) {
      try {
        return shape.parse(value, at);
      } catch (error) {
        if (!(error instanceof Mismatch)) throw error;
        throw new Mismatch(error.at, error.expected, value, "a value that is not shown");
      }
    },
    schema: () => schemaOf(shape),
  };
}

/** Any JSON value, unparsed: for a field that another shape reads later. */
export const anything: Shape<unknown> = { parse: (value) => value, schema: () => true };

export function oneOf<const V extends readonly (string | number | boolean)[]>(...values: V): Shape<V[number]> {
  return {
    parse(value, at) {
      const found = values.find((one) => one === value);
      if (found === undefined) throw new Mismatch(at, values.map((one) => JSON.stringify(one)).join(" or "), value);
      return found;
    },
    schema: () => (values.length === 1 && values[0] !== undefined ? { const: values[0] } : { enum: values }),
  };
}

export function array<T>(item: Shape<T>, limits: { min?: number; max: number }): Shape<readonly T[]> {
  return {
    parse(value, at) {
      if (!Array.isArray(value)) throw new Mismatch(at, "an array", value);
      if (value.length > limits.max) throw new Mismatch(at, `at most ${limits.max} items`, value);
      if (value.length < (limits.min ?? 0)) throw new Mismatch(at, `at least ${limits.min} items`, value);
      return value.map((one, index) => item.parse(one, `${at}[${index}]`));
    },
    schema: () => ({
      type: "array",
      items: schemaOf(item),
      ...(limits.min === undefined ? {} : { minItems: limits.min }),
      maxItems: limits.max,
    }),
  };
}

/** A map with free keys; keys are checked by `key`. `__proto__` cannot pass as the result has no prototype. */
export function record<T>(
  key: Shape<string>,
  item: Shape<T>,
  limits: { max: number },
): Shape<Readonly<Record<string, T>>> {
  return {
    parse(value, at) {
      const source = plainObject(value, at);
      const names = Object.keys(source);
      if (names.length > limits.max) throw new Mismatch(at, `at most ${limits.max} entries`, value);
      const out: Record<string, T> = Object.create(null);
      for (const name of names) out[key.parse(name, `${at}.${name}`)] = item.parse(source[name], `${at}.${name}`);
      return out;
    },
    schema: () => ({
      type: "object",
      propertyNames: schemaOf(key),
      additionalProperties: schemaOf(item),
      maxProperties: limits.max,
    }),
  };
}

const OPTIONAL: unique symbol = Symbol("optional");
export interface Optional<T> extends Shape<T | undefined> {
  readonly [OPTIONAL]: true;
}

/** A field that may be absent. Absent fields are absent in the result as well (exactOptionalPropertyTypes). */
export function optional<T>(shape: Shape<T>): Optional<T> {
  return {
    [OPTIONAL]: true,
    parse: (value, at) => (value === undefined ? undefined : shape.parse(value, at)),
    schema: () => schemaOf(shape),
  };
}

type Fields = Readonly<Record<string, Shape<unknown>>>;
type OptionalKeys<F> = { [K in keyof F]: F[K] extends Optional<unknown> ? K : never }[keyof F];
type Parsed<F> = {
  readonly [K in Exclude<keyof F, OptionalKeys<F>>]: Infer<F[K]>;
} & { readonly [K in OptionalKeys<F>]?: Exclude<Infer<F[K]>, undefined> };
type Flat<T> = { readonly [K in keyof T]: T[K] };

export function object<const F extends Fields>(fields: F): Shape<Flat<Parsed<F>>> {
  const names = new Set(Object.keys(fields));
  return {
    parse(value, at) {
      const source = plainObject(value, at);
      for (const name of Object.keys(source)) {
        if (!names.has(name)) throw new Mismatch(join(at, name), "absent (the field is unknown)", source[name]);
      }
      const out: Record<string, unknown> = {};
      for (const [name, shape] of Object.entries(fields)) {
        const own = Object.hasOwn(source, name) ? source[name] : undefined;
        const parsed = shape.parse(own, join(at, name));
        if (parsed !== undefined) out[name] = parsed;
      }
      return out as Flat<Parsed<F>>;
    },
    schema() {
      const all = Object.entries(fields);
      const required = all.filter(([, shape]) => !(OPTIONAL in shape)).map(([name]) => name);
      return objectSchema(Object.fromEntries(all.map(([name, shape]) => [name, schemaOf(shape)])), required);
    },
  };
}

/** A union of objects told apart by one field. */
export function variants<const K extends string, const V extends Readonly<Record<string, Shape<unknown>>>>(
  field: K,
  cases: V,
): Shape<Infer<V[keyof V]>> {
  return {
    parse(value, at) {
      const tag = plainObject(value, at)[field];
      const shape = typeof tag === "string" && Object.hasOwn(cases, tag) ? cases[tag] : undefined;
      if (shape === undefined) throw new Mismatch(join(at, field), Object.keys(cases).join(" or "), tag);
      return shape.parse(value, at) as Infer<V[keyof V]>;
    },
    schema: () => ({ oneOf: Object.values(cases).map(schemaOf) }),
  };
}

/**
 * A shape with a further test; `expected` completes the sentence "must be …". A regular expression, without flags and
 * anchored by its author, shows in the schema as it is; of any other test the schema has the sentence only.
 */
export function refined<U extends string>(shape: Shape<string>, test: RegExp, expected: string): Shape<U>;
export function refined<T, U extends T>(shape: Shape<T>, test: (value: T) => value is U, expected: string): Shape<U>;
export function refined<T>(shape: Shape<T>, test: (value: T) => boolean, expected: string): Shape<T>;
export function refined<T>(shape: Shape<T>, test: RegExp | ((value: T) => boolean), expected: string): Shape<T> {
  const holds = test instanceof RegExp ? (value: T) => test.test(String(value)) : test;
  return {
    parse(value, at) {
      const parsed = shape.parse(value, at);
      if (!holds(parsed)) throw new Mismatch(at, expected, value);
      return parsed;
    },
    schema() {
      const described = withDescription(schemaOf(shape), `Must be ${expected}.`);
      return test instanceof RegExp && described !== true ? { ...described, pattern: test.source } : described;
    },
  };
}

function plainObject(value: unknown, at: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Mismatch(at, "an object", value);
  return value as Record<string, unknown>;
}

function join(at: string, name: string): string {
  return at === "" ? name : `${at}.${name}`;
}
