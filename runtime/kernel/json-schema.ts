/**
 * JSON Schema (draft 2020-12), as far as shapes need it to describe themselves, so that the published schema of a
 * document and its parser come from one place. What a shape's own test asks beyond these keywords stands in
 * `description`; a string's `maxLength` counts code points where the parser counts UTF-16 units, and is never narrower.
 */

/** `true` takes any value. Each keyword as in the specification. */
export type JsonSchema =
  | true
  | {
      readonly description?: string;
      readonly type?: "string" | "integer" | "number" | "boolean" | "array" | "object";
      readonly const?: string | number | boolean;
      readonly enum?: readonly (string | number | boolean)[];
      readonly minLength?: number;
      readonly maxLength?: number;
      readonly pattern?: string;
      readonly minimum?: number;
      readonly maximum?: number;
      readonly items?: JsonSchema;
      readonly minItems?: number;
      readonly maxItems?: number;
      readonly properties?: Readonly<Record<string, JsonSchema>>;
      readonly required?: readonly string[];
      readonly propertyNames?: JsonSchema;
      readonly maxProperties?: number;
      readonly additionalProperties?: JsonSchema | false;
      readonly oneOf?: readonly JsonSchema[];
      readonly allOf?: readonly JsonSchema[];
      readonly $ref?: string;
    };

export interface SchemaDocument {
  readonly $schema: "https://json-schema.org/draft/2020-12/schema";
  readonly title: string;
  readonly $defs: Readonly<Record<string, JsonSchema>>;
}

/** Adds a sentence; one that is there already stays in front. */
export function withDescription(schema: JsonSchema, sentence: string): JsonSchema {
  const own = schema === true ? {} : schema;
  return { ...own, description: own.description === undefined ? sentence : `${own.description} ${sentence}` };
}

/** A closed object. */
export function objectSchema(
  properties: Readonly<Record<string, JsonSchema>>,
  required: readonly string[],
): JsonSchema {
  return { type: "object", properties, required, additionalProperties: false };
}

/** What is worth a name of its own when it stands in several places. */
const DEFINITION_CHARS_MIN = 160;

/** A schema as a document of its own: parts that occur more than once move to `$defs`, named after where they stand first. */
export function schemaDocument(schema: JsonSchema, title: string): SchemaDocument & Exclude<JsonSchema, true> {
  const counts = new Map<string, number>();
  walk(schema, "", (part) => {
    const text = JSON.stringify(part);
    const count = (counts.get(text) ?? 0) + 1;
    counts.set(text, count);
    // What is inside a part that was counted before occurs there only because the part does.
    return count === 1;
  });
  const names = new Map<string, string>();
  walk(schema, "", (part, name) => {
    const text = JSON.stringify(part);
    if (text.length < DEFINITION_CHARS_MIN || (counts.get(text) ?? 0) < 2) return true;
    if (names.has(text)) return false;
    const taken = new Set(names.values());
    const free = [name, ...Array.from({ length: 99 }, (_, index) => `${name}${index + 2}`)].find(
      (one) => !taken.has(one),
    );
    if (free !== undefined) names.set(text, free);
    return true;
  });
  const shorten = (part: JsonSchema, top = false): JsonSchema => {
    const name = names.get(JSON.stringify(part));
    if (name !== undefined && !top) return { $ref: `#/$defs/${name}` };
    return mapParts(part, (inner) => shorten(inner));
  };
  const definitions = [...names].map(([text, name]) => [name, shorten(JSON.parse(text), true)] as const);
  const whole = shorten(schema, true);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title,
    ...(whole === true ? {} : whole),
    $defs: Object.fromEntries(definitions),
  };
}

/**
 * The same with a sentence for each field that `sentences` knows by its path, as in `evidence[].devices`. Fields of a
 * definition are described where it stands first.
 */
export function describeFields<D extends SchemaDocument & Exclude<JsonSchema, true>>(
  document: D,
  sentences: ReadonlyMap<string, string>,
): D {
  const definitions: Record<string, JsonSchema> = { ...document.$defs };
  const seen = new Set<string>();
  const inside = (part: JsonSchema, at: string): JsonSchema => {
    if (part === true) return part;
    const name = part.$ref?.replace("#/$defs/", "");
    const definition = name === undefined ? undefined : document.$defs[name];
    if (name !== undefined && definition !== undefined && !seen.has(name)) {
      seen.add(name);
      definitions[name] = inside(definition, at);
    }
    return mapParts(part, (inner, key) => {
      if (key === undefined || key === "item") return inside(inner, key === undefined ? at : `${at}[]`);
      const path = at === "" ? key : `${at}.${key}`;
      const sentence = sentences.get(path);
      const deeper = inside(inner, path);
      if (sentence === undefined) return deeper;
      const own = deeper === true ? {} : deeper;
      return { ...own, description: own.description === undefined ? sentence : `${sentence} ${own.description}` };
    });
  };
  const whole = inside(document, "");
  return { ...document, ...(whole === true ? {} : whole), $defs: definitions };
}

/** Visits a part before those inside it; `enter` says whether to go on inside. `name`: of the property it stands under. */
function walk(schema: JsonSchema, name: string, enter: (part: JsonSchema, name: string) => boolean): void {
  if (schema === true || !enter(schema, name)) return;
  mapParts(schema, (part, inner) => {
    walk(part, inner === "item" ? singular(name) : (inner ?? name), enter);
    return part;
  });
}

function singular(name: string): string {
  return name.replace(/ies$/, "y").replace(/([^s])s$/, "$1");
}

function mapParts(schema: JsonSchema, change: (part: JsonSchema, name?: string) => JsonSchema): JsonSchema {
  if (schema === true) return schema;
  const { properties, items, propertyNames, additionalProperties, oneOf, allOf } = schema;
  const changed = (list: readonly JsonSchema[]) => list.map((one) => change(one));
  return {
    ...schema,
    ...(properties === undefined
      ? {}
      : { properties: Object.fromEntries(Object.entries(properties).map(([key, one]) => [key, change(one, key)])) }),
    ...(items === undefined ? {} : { items: change(items, "item") }),
    ...(propertyNames === undefined ? {} : { propertyNames: change(propertyNames) }),
    ...(additionalProperties === undefined || additionalProperties === false
      ? {}
      : { additionalProperties: change(additionalProperties) }),
    ...(oneOf === undefined ? {} : { oneOf: changed(oneOf) }),
    ...(allOf === undefined ? {} : { allOf: changed(allOf) }),
  };
}
