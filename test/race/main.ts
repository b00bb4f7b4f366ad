/**
 * `npm run race -- --seconds 60`: a guest's calls while an attacker swaps directories and files with links under it. Nothing
 * may escape. Node's own WASI runs the same race, and has to escape: else the race would not be one.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { WASI } from "node:wasi";
import { unwrap } from "../../runtime/kernel/result.ts";
import { createWasi, nodeWorld } from "../../runtime/wasi/index.ts";
import { setScene } from "./scene.ts";
import { type Functions, type Tally, Victim } from "./victim.ts";

const here = dirname(fileURLToPath(import.meta.url));
/** Share of the time that Node's WASI gets. */
const PEER_SHARE = 0.15;
/** Asked for in a run of a minute. */
const OPENS_A_SECOND = 100_000 / 60;

interface Race extends Tally {
  readonly swaps: number;
}

async function race(
  seconds: number,
  subject: (root: string) => { functions: Functions; memory: Uint8Array },
): Promise<Race> {
  const scene = mkdtempSync(join(tmpdir(), "sallyport-race-"));
  try {
    setScene(scene);
    const { functions, memory } = subject(join(scene, "root"));
    const victim = new Victim(functions, memory, scene);
    const attacker = spawn(process.execPath, ["--no-warnings", join(here, "attacker.ts"), scene], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const swaps = swapsOf(attacker);
    const end = performance.now() + seconds * 1000;
    while (performance.now() < end) victim.round();
    attacker.stdin?.end();
    return { ...victim.tally, swaps: await swaps };
  } finally {
    rmSync(scene, { recursive: true, force: true });
  }
}

async function swapsOf({ stdout }: ChildProcess): Promise<number> {
  let text = "";
  for await (const chunk of stdout ?? []) text += String(chunk);
  return text === "" ? 0 : (JSON.parse(text) as { swaps: number }).swaps;
}

function ours(root: string) {
  const memory = new Uint8Array(65_536);
  const wasi = unwrap(createWasi({ ...nodeWorld, preopens: [{ guestPath: "/", hostPath: root }] }));
  wasi.bind(() => memory);
  return { functions: wasi.functions, memory };
}

function nodes(root: string) {
  const wasi = new WASI({ version: "preview1", preopens: { "/": root } });
  const memory = new WebAssembly.Memory({ initial: 1 });
  wasi.initialize({ exports: { memory } });
  return { functions: wasi.wasiImport as Functions, memory: new Uint8Array(memory.buffer) };
}

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "60" }, json: { type: "boolean", default: false } },
});
const seconds = Number(values.seconds);
const own = await race(seconds * (1 - PEER_SHARE), ours);
const peer = await race(seconds * PEER_SHARE, nodes);
const text = ({ swaps, opens, inside, refused, mutations, mutated, escapes }: Race) =>
  `${swaps} swaps, ${opens} opens (${inside} inside, ${refused} refused), ${mutations} changes (${mutated} done): ${escapes} escapes`;
console.log(`runtime/wasi  ${text(own)}`);
console.log(`node:wasi     ${text(peer)}`);
const enough = own.opens >= seconds * OPENS_A_SECOND;
if (!enough) console.log(`too few opens to say anything: ${Math.ceil(seconds * OPENS_A_SECOND)} are wanted`);
if (peer.escapes === 0) console.log("node:wasi has not escaped: the race does not race");
if (values.json) {
  console.log(JSON.stringify({ target: "race", seconds, ...own, peer: { name: "node:wasi", ...peer } }));
}
process.exitCode = own.escapes === 0 && enough && peer.escapes > 0 ? 0 : 1;
