/**
 * The repositories that `npm run bench -- updater` measures: one team, one board, a module of about a megabyte whose
 * next version differs by one line of source, and a file of 50 MB.
 */
import { main as compile } from "assemblyscript/asc";
import type { DesiredModule } from "../../runtime/kernel/authority/desired.ts";
import { releasePaths } from "../../runtime/kernel/authority/manifest.ts";
import { type DeviceId, deviceId, type ModuleName, type TeamName, type Version } from "../../runtime/kernel/brand.ts";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { parseShape } from "../../runtime/kernel/shape.ts";
import { createRepositories, type ReleaseInput, type Repositories } from "../../updater/repository/index.ts";

export const BOARD: DeviceId = unwrap(parseShape(deviceId, "board-1", "the bench's device"));
export const TEAM = "acme";
/** Functions of the made-up module: about a megabyte of code. */
const FUNCTIONS = 10_600;

export interface BenchSite {
  readonly directory: string;
  readonly repositories: Repositories;
  readonly module: Uint8Array;
  /** The same program after one line of its source was changed. */
  readonly changed: Uint8Array;
}

export async function makeBenchSite(directory: string): Promise<BenchSite> {
  const now = () => Date.now();
  const repositories = unwrap(await createRepositories(directory, { tenant: "bench", teams: [TEAM], now }));
  unwrap(await repositories.putOwnerTargets(new Map([["policy/policy.json", utf8("{}")]])));
  return { directory, repositories, module: await build(false), changed: await build(true) };
}

/** Publishes bytes as a release of a module; the path of its code. */
export async function release(site: BenchSite, name: string, version: string, bytes: Uint8Array): Promise<string> {
  unwrap(await site.repositories.publishRelease(releaseOf(name, version, bytes)));
  return releasePaths(TEAM, name, version).module;
}

/** Makes one release all that the board shall run. */
export async function assign(site: BenchSite, name: string, version: string): Promise<void> {
  unwrap(await site.repositories.assign(BOARD, [desired(name, version)]));
}

/** Publishes bytes as a release of a module and assigns it to the board. */
export async function offer(site: BenchSite, name: string, version: string, bytes: Uint8Array): Promise<string> {
  const path = await release(site, name, version, bytes);
  await assign(site, name, version);
  return path;
}

export function desired(name: string, version: string): DesiredModule {
  return {
    team: TEAM as TeamName,
    name: name as ModuleName,
    version: version as Version,
    grants: [],
    lifts: [],
    probationS: 60,
  };
}

export function releaseOf(name: string, version: string, module: Uint8Array): ReleaseInput {
  const manifest = {
    schema: "sallyport.module/1",
    team: TEAM,
    name,
    version,
    abi: "core-v1",
    entry: { path: releasePaths(TEAM, name, version).module, sha256: sha256(module), size: module.byteLength },
    limits: { memoryPages: 2, callMs: 50 },
    triggers: [],
    capabilities: [],
  };
  return { manifest: utf8(JSON.stringify(manifest)), module, bundle: utf8("{}"), hardware: ["any/core-v1"] };
}

async function build(changed: boolean): Promise<Uint8Array> {
  const made = new Map<string, Uint8Array>();
  const { error, stderr } = await compile(["m.ts", "-o", "m.wasm", "-O2", "--runtime", "minimal"], {
    readFile: (file) => (file === "m.ts" ? source(changed) : null),
    writeFile: (file, bytes) => void made.set(file, typeof bytes === "string" ? utf8(bytes) : bytes),
    listFiles: () => [],
  });
  const wasm = made.get("m.wasm");
  if (error !== null || wasm === undefined)
    throw new Error(`the bench's module does not compile: ${stderr.toString()}`);
  return wasm;
}

function source(changed: boolean): string {
  return Array.from({ length: FUNCTIONS }, (_, at) => {
    const line = changed && at === FUNCTIONS >> 1 ? " + 1.5" : "";
    return `export function step${at}(a: i32, b: f64, c: Array<i32>): f64 {
  let t = a * ${at * 7 + 3};
  for (let k = 0; k < ${(at % 17) + 3}; k++) { t ^= (k << ${at % 13}) + ${at * 31}; c[k % c.length] = t; }
  return b * ${at}.${(at * 37) % 1000} + f64(t)${line};
}`;
  }).join("\n");
}
