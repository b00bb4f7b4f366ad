/**
 * JavaScript of some entry files and all they import, for hosts where type stripping does not run: it is WebAssembly
 * itself, which `--jitless` switches off. Paths inside the folder are those of the repository.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const REPOSITORY = fileURLToPath(new URL("../", import.meta.url));

/** `files` relative to the repository; the folder must be empty. Throws with the compiler's words when it refuses. */
export function emitJavaScript(folder: string, files: readonly string[]): void {
  const config = join(folder, "tsconfig.json");
  writeFileSync(
    config,
    JSON.stringify({
      extends: join(REPOSITORY, "tsconfig.json"),
      compilerOptions: { noEmit: false, rewriteRelativeImportExtensions: true, outDir: folder, rootDir: REPOSITORY },
      include: [join(REPOSITORY, "runtime/v8/webassembly.d.ts")],
      files: files.map((one) => join(REPOSITORY, one)),
    }),
  );
  const modules = join(REPOSITORY, "node_modules");
  if (existsSync(modules)) symlinkSync(modules, join(folder, "node_modules"));
  copyFileSync(join(REPOSITORY, "package.json"), join(folder, "package.json"));
  execFileSync(process.execPath, [join(modules, "typescript/bin/tsc"), "-p", config], { stdio: "inherit" });
}
