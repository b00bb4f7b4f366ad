/** Reads the source tree for the tests that judge its shape: files, their imports and their code without comments. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
export const ROOMS = ["runtime", "updater", "attest", "devices", "agent", "fleet", "test", "examples"] as const;

export interface SourceFile {
  /** Path from the repository root, with forward slashes. */
  readonly path: string;
  readonly lines: number;
  /** The code with comments and string contents blanked: what a word search may trust. */
  readonly code: string;
  /** Relative imports resolved to paths from the root; type imports included. */
  readonly imports: readonly string[];
  /** Package and `node:` imports. */
  readonly packages: readonly string[];
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^"';]*?from\s*"([^"]+)"|(?:^|\n)\s*import\s*"([^"]+)"|import\(\s*"([^"]+)"\s*\)/g;

export function readTree(rooms: readonly string[] = ROOMS): readonly SourceFile[] {
  return rooms.flatMap((room) => walk(join(ROOT, room))).map((path) => readSource(path));
}

function walk(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    // AssemblyScript guests live in `assembly` folders: another language, compiled by another compiler.
    if (entry.isDirectory()) return entry.name === "assembly" || entry.name === "node_modules" ? [] : walk(path);
    return entry.name.endsWith(".ts") && !entry.name.endsWith(".d.ts") ? [path] : [];
  });
}

function readSource(absolute: string): SourceFile {
  const path = relative(ROOT, absolute);
  const text = readFileSync(absolute, "utf8");
  const uncommented = text.replace(/\/\*[\s\S]*?\*\//g, " ").replace(/(^|[^:"'`])\/\/[^\n]*/g, "$1");
  const imports: string[] = [];
  const packages: string[] = [];
  for (const [, from, bare, dynamic] of uncommented.matchAll(IMPORT)) {
    const specifier = from ?? bare ?? dynamic ?? "";
    if (specifier.startsWith(".")) imports.push(normalize(join(dirname(path), specifier)));
    else packages.push(specifier);
  }
  const code = uncommented.replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, '""');
  return { path, lines: text.split("\n").length - 1, code, imports, packages };
}
