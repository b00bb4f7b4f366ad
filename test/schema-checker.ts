/**
 * Checks a value against the part of JSON Schema (draft 2020-12) that our published schemas use. Its own reading of the
 * keywords, so that a schema that says something else than the parser is found. An unknown keyword is an error.
 */
type Schema = boolean | object;

/** The paths at which the value breaks the schema; none if it is valid. */
export function violations(schema: Schema, value: unknown, root: Schema = schema, at = "$"): readonly string[] {
  if (schema === true) return [];
  if (schema === false) return [at];
  return Object.entries(schema).flatMap(([keyword, operand]) => {
    const check = KEYWORDS[keyword];
    if (check === undefined) throw new Error(`the checker does not know the keyword ${keyword}`);
    return check(value, operand as never, { at, root, schema });
  });
}

interface Context {
  readonly at: string;
  readonly root: Schema;
  readonly schema: object;
}
type Check = (value: unknown, operand: never, context: Context) => readonly string[];

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const holds = (test: boolean, { at }: Context) => (test ? [] : [at]);
const note: Check = () => [];

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === "string",
  integer: (value) => typeof value === "number" && Number.isInteger(value),
  number: (value) => typeof value === "number",
  boolean: (value) => typeof value === "boolean",
  array: Array.isArray,
  object: isObject,
};

const KEYWORDS: Readonly<Record<string, Check>> = {
  $schema: note,
  $defs: note,
  title: note,
  description: note,
  $ref: (value, operand: string, { at, root }) => {
    const name = operand.replace("#/$defs/", "");
    const found =
      typeof root === "object" && "$defs" in root ? (root.$defs as Record<string, Schema>)[name] : undefined;
    if (found === undefined) throw new Error(`nothing is at ${operand}`);
    return violations(found, value, root, at);
  },
  type: (value, operand: string, context) => holds(TYPES[operand]?.(value) === true, context),
  const: (value, operand: unknown, context) => holds(value === operand, context),
  enum: (value, operand: readonly unknown[], context) => holds(operand.includes(value), context),
  minLength: (value, operand: number, context) =>
    holds(typeof value !== "string" || [...value].length >= operand, context),
  maxLength: (value, operand: number, context) =>
    holds(typeof value !== "string" || [...value].length <= operand, context),
  pattern: (value, operand: string, context) =>
    holds(typeof value !== "string" || new RegExp(operand, "u").test(value), context),
  minimum: (value, operand: number, context) => holds(typeof value !== "number" || value >= operand, context),
  maximum: (value, operand: number, context) => holds(typeof value !== "number" || value <= operand, context),
  minItems: (value, operand: number, context) => holds(!Array.isArray(value) || value.length >= operand, context),
  maxItems: (value, operand: number, context) => holds(!Array.isArray(value) || value.length <= operand, context),
  items: (value, operand: Schema, { at, root }) =>
    Array.isArray(value) ? value.flatMap((one, index) => violations(operand, one, root, `${at}[${index}]`)) : [],
  required: (value, operand: readonly string[], { at }) =>
    isObject(value) ? operand.filter((name) => !Object.hasOwn(value, name)).map((name) => `${at}.${name}`) : [],
  properties: (value, operand: Readonly<Record<string, Schema>>, { at, root }) =>
    isObject(value)
      ? Object.entries(operand).flatMap(([name, inner]) =>
          Object.hasOwn(value, name) ? violations(inner, value[name], root, `${at}.${name}`) : [],
        )
      : [],
  additionalProperties: (value, operand: Schema, { at, root, schema }) => {
    const named = "properties" in schema ? Object.keys(schema.properties as object) : [];
    if (!isObject(value)) return [];
    const others = Object.keys(value).filter((name) => !named.includes(name));
    return others.flatMap((name) => violations(operand, value[name], root, `${at}.${name}`));
  },
  propertyNames: (value, operand: Schema, { at, root }) =>
    isObject(value) ? Object.keys(value).flatMap((name) => violations(operand, name, root, `${at}.${name}`)) : [],
  maxProperties: (value, operand: number, context) =>
    holds(!isObject(value) || Object.keys(value).length <= operand, context),
  oneOf: (value, operand: readonly Schema[], { at, root }) =>
    operand.filter((one) => violations(one, value, root, at).length === 0).length === 1 ? [] : [at],
};
