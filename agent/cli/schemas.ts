/**
 * The documents that people and other programs write for boards, each with the JSON Schema that its own parser gives.
 * `npm run generate` writes them to docs/schema/; a test holds the files to the code.
 */
import { policyShape } from "../../attest/index.ts";
import { desiredShape } from "../../runtime/kernel/authority/desired.ts";
import { manifestShape } from "../../runtime/kernel/authority/manifest.ts";
import { schemaDocument } from "../../runtime/kernel/json-schema.ts";
import { type Shape, schemaOf } from "../../runtime/kernel/shape.ts";
import { deviceShape } from "../provision/device.ts";

export const PUBLISHED: Readonly<Record<string, { readonly title: string; readonly shape: Shape<unknown> }>> = {
  policy: { title: "Owner's policy, sallyport.policy/1", shape: policyShape },
  manifest: { title: "Module manifest, sallyport.module/1", shape: manifestShape },
  desired: { title: "Desired state of a device, sallyport.desired/1", shape: desiredShape },
  device: { title: "Board description, sallyport.device/1", shape: deviceShape },
};

/** The text of docs/schema/NAME.schema.json. */
export function schemaText(name: keyof typeof PUBLISHED): string {
  const entry = PUBLISHED[name];
  if (entry === undefined) throw new RangeError(`there is no published document ${name}`);
  return `${JSON.stringify(schemaDocument(schemaOf(entry.shape), entry.title), null, 2)}\n`;
}
