/**
 * `sallyport run`: one module straight from a file, on this machine, with what the command line grants: for writing
 * modules. No doors are passed: the file is the developer's own, and that is said. Everything else is the real thing:
 * Loader, Validator, engine, broker, sensors of this machine and a simulated board. Without a manifest it is a plain program
 * instead, a WASI command or one function, run without a board.
 */
import { createBroker, hostModule, openBoard, parseBoard } from "../../devices/index.ts";
import { engineOf, SP, TIERS } from "../../runtime/index.ts";
import type { Capability } from "../../runtime/kernel/authority/capability.ts";
import { meetEngine } from "../../runtime/kernel/authority/engine.ts";
import { parseManifest } from "../../runtime/kernel/authority/manifest.ts";
import { meetCapabilities, withoutChance } from "../../runtime/kernel/authority/meet.ts";
import { fromUtf8, hex, utf8 } from "../../runtime/kernel/bytes.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import type { Fault } from "../../runtime/kernel/fault.ts";
import { nodeClock } from "../../runtime/kernel/node-world.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { loadModule } from "../flow/admit.ts";
import type { Release } from "../flow/inventory.ts";
import { startModule } from "../supervise/command.ts";
import { readFile } from "./files.ts";
import { coverOfWish, GRANT_HELP, parseGrant } from "./grant-spec.ts";
import { paint } from "./paint.ts";
import { GUEST_OPTIONS, GUEST_POSITIONALS } from "./program-spec.ts";
import { PROGRAM_OPTIONS, runProgram } from "./run-program.ts";
import { type Io, untilAborted, usageFault, type Verb } from "./verb.ts";

/** Without --board: the sensors every Linux machine has. */
const DEFAULT_BOARD = {
  schema: "sallyport.board/1",
  profile: "this-machine",
  lines: [],
  sensors: [
    { name: "load-1m", driver: "system", metric: "load-1m" },
    { name: "memory-pressure", driver: "system", metric: "memory-pressure" },
    { name: "uptime", driver: "system", metric: "uptime" },
  ],
};

export const verb: Verb = {
  name: "run",
  summary:
    "Run a module straight from a file, with the grants of the command line. For developing modules: no door is passed.",
  positionals: GUEST_POSITIONALS,
  options: {
    manifest: { value: "FILE", help: "its manifest.json: limits, triggers, wishes (a guest of the agent needs one)" },
    tier: { value: "TIER", help: `${TIERS.join(", ")}; unless given, metered where it can do what is asked` },
    board: { value: "FILE", help: "board description (default: this machine's system sensors)" },
    "simulated-dir": { value: "DIR", help: "directory that plays the simulated world" },
    grant: { value: "SPEC", many: true, help: `${GRANT_HELP}; "all" for everything the manifest wants` },
    for: { value: "SECONDS", help: "stop after so long (default: until interrupted)" },
    device: { value: "ID", default: "desk", help: "device id the module is told" },
    ...plain(GUEST_OPTIONS),
    ...plain(PROGRAM_OPTIONS),
  },
  examples: [
    "sallyport run module.wasm --manifest manifest.json --grant all --for 10",
    "sallyport run module.wasm --manifest manifest.json --grant sensor:load-1m",
    "sallyport run program.wasm --dir /data::./measured:readonly --env LANG=C --timeout 5000 -- argument",
    "sallyport run sums.wat --tier interpreter --invoke add 2 3 --trace 100",
  ],
  async run(args, io) {
    if (args.maybe("manifest") === undefined) return runProgram(args, io);
    const asked = args.maybe("tier");
    const tier = TIERS.find((one) => one === asked);
    if (asked !== undefined && tier === undefined) {
      throw usageFault(`run: there is no tier ${asked}; there are ${TIERS.join(", ")}`);
    }
    if (args.positionals.length > 1) throw usageFault("run: arguments are for programs without a manifest");
    const { red, dim } = paint(io.colour);
    const bytes = readFile(args.positionals[0] ?? "");
    const manifest = unwrap(parseManifest(readFile(args.text("manifest"))));
    const terms = meetEngine(manifest.engine, manifest.limits, []);
    const loaded = unwrap(loadModule(bytes, manifest, terms));
    const covers = args.list("grant").includes("all")
      ? manifest.capabilities.map(coverOfWish)
      : args.list("grant").map(parseGrant);
    const covered = meetCapabilities(manifest.capabilities, covers, [covers]);
    const meet = terms.deterministic ? withoutChance(covered, manifest.capabilities) : covered;
    for (const one of meet.missing) io.err(dim(`not granted: ${one.capability}`));

    const boardFile = args.maybe("board");
    const description = unwrap(
      parseBoard(boardFile === undefined ? utf8(JSON.stringify(DEFAULT_BOARD)) : readFile(boardFile)),
    );
    const simulatedDirectory = args.maybe("simulated-dir");
    const board = unwrap(
      openBoard(description, { clock: nodeClock, ...(simulatedDirectory === undefined ? {} : { simulatedDirectory }) }),
    );
    const broker = createBroker({ board, clock: nodeClock, onAudit: (event) => io.err(dim(JSON.stringify(event))) });
    const release = releaseOf(manifest, bytes, meet.effective);
    let post: (event: Parameters<Parameters<typeof broker.admit>[0]["post"]>[0]) => void = () => undefined;
    const holder = unwrap(
      broker.admit({
        module: manifest.name,
        capabilities: meet.effective,
        revoked: new Map(),
        services: memoryServices(io),
        post: (event) => post(event),
      }),
    );
    const ended = Promise.withResolvers<Fault>();
    const task = unwrap(
      await startModule({
        release,
        loaded,
        holder,
        host: hostModule,
        engines: { tier: engineOf(tier).tier, of: engineOf },
        clock: nodeClock,
        deviceId: args.text("device"),
        onLog: (lines, dropped) => {
          for (const line of lines) io.err(`log ${line.level}: ${line.text}`);
          if (dropped > 0) io.err(dim(`log: ${dropped} lines dropped`));
        },
        onNotice: (notice) => io.err(red(notice.line())),
        onEnd: ended.resolve,
      }),
    );
    post = (event) => task.post(event);
    const seconds = args.maybe("for") === undefined ? undefined : args.integer("for", { min: 1, max: 2_000_000 });
    const timeout = new Promise<"time">((resolve) => {
      if (seconds !== undefined) nodeClock.after(seconds * 1000, () => resolve("time"));
    });
    const outcome = await Promise.race([ended.promise, timeout, untilAborted(io)]);
    await task.stop();
    holder.release("stop");
    board.close();
    if (outcome === undefined || outcome === "time") return 0;
    throw outcome;
  },
};

/** Options that only plain programs have say so. */
function plain(options: Verb["options"]): Verb["options"] {
  return Object.fromEntries(
    Object.entries(options).map(([name, one]) => [name, { ...one, help: `plain program: ${one.help}` }]),
  );
}

function releaseOf(manifest: Release["manifest"], bytes: Uint8Array, capabilities: readonly Capability[]): Release {
  const digest = sha256(bytes);
  return {
    team: manifest.team,
    name: manifest.name,
    version: manifest.version,
    manifest,
    moduleSha256: digest,
    moduleSize: bytes.byteLength,
    manifestSha256: digest,
    bundleSha256: digest,
    releaseCounter: 1,
    grants: [],
    capabilities,
    probationS: 0,
  };
}

/** Publishes go to standard output, key-value pairs live as long as the command. */
function memoryServices(io: Io) {
  const pairs = new Map<string, Uint8Array>();
  const size = () => [...pairs].reduce((sum, [key, value]) => sum + key.length + value.byteLength, 0);
  return {
    publish(channel: string, payload: Uint8Array): number {
      io.out(`${channel} ${fromUtf8(payload) ?? `0x${hex(payload)}`}`);
      return 0;
    },
    subscribe: () => undefined,
    kvGet: (key: string) => pairs.get(key),
    kvSet(key: string, value: Uint8Array, limitBytes: number): number {
      const before = pairs.get(key);
      pairs.set(key, value);
      if (size() <= limitBytes) return 0;
      if (before === undefined) pairs.delete(key);
      else pairs.set(key, before);
      return SP.EQUOTA;
    },
    kvDelete: (key: string) => (pairs.delete(key) ? 0 : SP.ENOENT),
  };
}
