/**
 * The documents that people and other programs write for boards, each with the JSON Schema that its own parser gives.
 * `npm run generate` writes them to docs/schema/; a test holds the files to the code. The policy's fields are described
 * by the table in docs/policy.md, which a test holds to the schema.
 */
import { policyShape } from "../../attest/index.ts";
import { desiredShape } from "../../runtime/kernel/authority/desired.ts";
import { manifestShape } from "../../runtime/kernel/authority/manifest.ts";
import { describeFields, schemaDocument } from "../../runtime/kernel/json-schema.ts";
import { type Shape, schemaOf } from "../../runtime/kernel/shape.ts";
import { deviceShape } from "../provision/device.ts";

/** `page`: where the fields are described. */
export const PUBLISHED: Readonly<
  Record<string, { readonly title: string; readonly shape: Shape<unknown>; readonly page?: string }>
> = {
  policy: { title: "Owner's policy, sallyport.policy/1", shape: policyShape, page: "docs/policy.md" },
  manifest: { title: "Module manifest, sallyport.module/1", shape: manifestShape },
  desired: { title: "Desired state of a device, sallyport.desired/1", shape: desiredShape },
  device: { title: "Board description, sallyport.device/1", shape: deviceShape },
};

/** The text of docs/schema/NAME.schema.json. `page`: the Markdown whose tables say what the fields mean. */
export function schemaText(name: keyof typeof PUBLISHED, page = ""): string {
  const entry = PUBLISHED[name];
  if (entry === undefined) throw new RangeError(`there is no published document ${name}`);
  const document = describeFields(schemaDocument(schemaOf(entry.shape), entry.title), fieldsOf(page));
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** Rows as `| \`path\` | What it says. |`. */
function fieldsOf(page: string): ReadonlyMap<string, string> {
  const rows = page.matchAll(/^\| `([^`]+)` \| (.+) \|$/gm);
  return new Map([...rows].map(([, path = "", says = ""]) => [path, says.replaceAll("`", "")]));
}
