// Writes what is made from tables: loop.ts from lowered instructions, docs/schema from shapes. `npm run generate`.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { PUBLISHED, schemaText } from "../agent/cli/schemas.ts";
import { loopText } from "../runtime/interpret/loop-text.ts";

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
writeFileSync(at("runtime/interpret/loop.ts"), loopText());
mkdirSync(at("docs/schema"), { recursive: true });
for (const [name, { page }] of Object.entries(PUBLISHED)) {
  const text = page === undefined ? "" : readFileSync(at(page), "utf8");
  writeFileSync(at(`docs/schema/${name}.schema.json`), schemaText(name, text));
}
