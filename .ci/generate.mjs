// Writes loop.ts from the table of lowered instructions: `npm run generate`.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loopText } from "../runtime/interpret/loop-text.ts";

writeFileSync(fileURLToPath(new URL("../runtime/interpret/loop.ts", import.meta.url)), loopText());
