/**
 * Builds a release of the room-climate module from its AssemblyScript source: code and manifest, which names the code by
 * size and hash. As a program: `node examples/room-climate/build.ts --release 1.0.0 --out DIR`.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Wish } from "../../runtime/kernel/authority/capability.ts";
import { parseManifest, releasePaths } from "../../runtime/kernel/authority/manifest.ts";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import { ensureDirectory, writeDurable } from "../../runtime/kernel/durable.ts";
import { unwrap } from "../../runtime/kernel/result.ts";

const HERE = dirname(fileURLToPath(import.meta.url));
const ENTRY = { "1.0.0": "release-1.ts", "2.0.0": "release-2.ts", "3.0.0": "release-3.ts" } as const;
export type RoomClimateRelease = keyof typeof ENTRY;

export interface BuildOptions {
  readonly release: RoomClimateRelease;
  /** Asked for beside what the module needs. */
  readonly extraWishes?: readonly Wish[];
}

const compiled = new Map<RoomClimateRelease, Promise<Uint8Array>>();

export async function buildRoomClimate(
  options: BuildOptions,
): Promise<{ readonly module: Uint8Array; readonly manifest: Uint8Array }> {
  const { release, extraWishes = [] } = options;
  const building = compiled.get(release) ?? compile(release);
  compiled.set(release, building);
  const module = await building;
  const manifest = utf8(`${JSON.stringify(manifestOf(release, module, extraWishes), null, 2)}\n`);
  unwrap(parseManifest(manifest));
  return { module, manifest };
}

/** `--runtime stub`: nothing is freed, so the source allocates nothing per event; `--use abort=`: no import but ours. */
async function compile(release: RoomClimateRelease): Promise<Uint8Array> {
  const { default: asc } = await import("assemblyscript/asc");
  const folder = mkdtempSync(join(tmpdir(), "room-climate-"));
  const out = join(folder, "module.wasm");
  try {
    const options = [
      "--outFile",
      out,
      "--runtime",
      "stub",
      "--use",
      "abort=",
      "-O3",
      "--noAssert",
      "--maximumMemory",
      "16",
    ];
    const { error, stderr } = await asc.main([join(HERE, "assembly", ENTRY[release]), ...options]);
    if (error !== null)
      throw new Error(`AssemblyScript refused release ${release}: ${error.message}\n${stderr.toString()}`);
    return new Uint8Array(readFileSync(out));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function manifestOf(version: string, module: Uint8Array, extraWishes: readonly Wish[]) {
  const [team, name] = ["acme", "room-climate"];
  const sensor = (sensorName: string, optional = false) => ({
    cap: "sensor",
    name: sensorName,
    maxHz: 10,
    ...(optional ? { optional } : {}),
  });
  return {
    schema: "sallyport.module/1",
    team,
    name,
    version,
    description: "Reads the room, switches the fan when it is warm, tells both.",
    abi: "core-v1",
    entry: { path: releasePaths(team, name, version).module, sha256: sha256(module), size: module.byteLength },
    limits: { memoryPages: 16, callMs: 250, restarts: { max: 5, windowS: 600 } },
    triggers: [{ on: "boot" }, { on: "interval", everyMs: 250, id: 1 }],
    capabilities: [
      sensor("room-temp"),
      sensor("cpu-temp", true),
      sensor("load-1m", true),
      sensor("memory-pressure", true),
      sensor("uptime", true),
      { cap: "gpio", line: "fan", dir: "out", maxHz: 10, safe: "low" },
      { cap: "publish", channel: "climate", qos: 1, perMin: 600, maxBytes: 512 },
      { cap: "publish", channel: "system", qos: 1, perMin: 600, maxBytes: 512 },
      { cap: "kv", bytes: 4096, writesPerMin: 1200 },
      ...extraWishes,
    ],
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: { release: { type: "string", default: "1.0.0" }, out: { type: "string", default: "build" } },
  });
  const release = values.release as RoomClimateRelease;
  if (!Object.hasOwn(ENTRY, release)) {
    process.stderr.write(`--release is one of ${Object.keys(ENTRY).join(", ")}\n`);
    process.exitCode = 2;
  } else {
    const { module, manifest } = await buildRoomClimate({ release });
    ensureDirectory(values.out);
    writeDurable(join(values.out, "module.wasm"), module);
    writeDurable(join(values.out, "manifest.json"), manifest);
    process.stdout.write(`${values.out}/module.wasm (${module.byteLength} bytes), ${values.out}/manifest.json\n`);
  }
}
