/**
 * The tree checks itself. Who may import whom, where the outside world may be touched, how long a file may be: each
 * rule is data with its reason, and the reason is the failure's message. Numbers on the lists may fall, never rise.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT, readTree, type SourceFile } from "./tree.ts";

const files = readTree();

type Room =
  | "kernel"
  | "runtime"
  | "updater"
  | "attest"
  | "devices"
  | "wire"
  | "proof"
  | "agent"
  | "fleet"
  | "test"
  | "examples";

function roomOf(path: string): Room {
  if (path.startsWith("runtime/kernel/")) return "kernel";
  if (path.startsWith("agent/wire/")) return "wire";
  if (path.startsWith("agent/proof/")) return "proof";
  return path.split("/")[0] as Room;
}

/** What each room may stand on, and why nothing else. */
const MAY_IMPORT: Readonly<Record<Room, { readonly rooms: readonly Room[]; readonly because: string }>> = {
  kernel: { rooms: [], because: "the floor stands on nothing; what is needed by fewer than three rooms goes home" },
  runtime: { rooms: ["kernel"], because: "the engine never knows who sent a module or granted it anything" },
  updater: { rooms: ["kernel"], because: "who delivers bytes must not be able to vouch for them" },
  attest: { rooms: ["kernel"], because: "who judges bytes must not know how they arrived" },
  devices: { rooms: ["kernel", "runtime"], because: "a capability is a host function; it knows no daemon, no update" },
  wire: { rooms: ["kernel"], because: "the protocol is what two programs share; it holds neither of them" },
  proof: { rooms: ["kernel", "updater", "attest"], because: "a proof is read where there is neither board nor agent" },
  agent: {
    rooms: ["kernel", "runtime", "updater", "attest", "devices", "wire", "proof"],
    because: "only the agent composes the board's side, and a board carries nothing of the fleet's",
  },
  fleet: {
    rooms: ["kernel", "wire", "updater", "attest", "runtime", "proof"],
    because: "the operators' end sees boards only through the protocol and signed documents",
  },
  test: {
    rooms: ["kernel", "runtime", "updater", "attest", "devices", "wire", "proof", "agent", "fleet", "examples"],
    because: "tests may see everything",
  },
  examples: {
    rooms: ["kernel", "runtime", "updater", "attest", "devices", "wire", "proof", "agent", "fleet", "test"],
    because: "the demo is a composition root",
  },
};

/** The doors: what may be imported from another room. The kernel and the wire are entered by file. */
const DOORS: readonly string[] = [
  "runtime/index.ts",
  "runtime/debug/index.ts",
  "runtime/embed/index.ts",
  "runtime/tool/index.ts",
  "runtime/wasi/index.ts",
  "updater/index.ts",
  "updater/repository/index.ts",
  "attest/index.ts",
  "attest/publisher/index.ts",
  "attest/review/index.ts",
  "devices/index.ts",
  "agent/index.ts",
  "agent/proof/index.ts",
  "fleet/index.ts",
];

/** Composition roots: verbs of the one program may reach the publisher's and the fleet's doors, by lazy import. */
const isRoot = (path: string) => path === "agent/main.ts" || path.startsWith("agent/cli/");

describe("imports", () => {
  it("go one way between the rooms, through doors", () => {
    const wrong: string[] = [];
    for (const file of files) {
      const from = roomOf(file.path);
      for (const target of file.imports) {
        const to = roomOf(target);
        if (from === to || from === "test" || from === "examples") continue;
        if (isRoot(file.path) && to === "fleet" && DOORS.includes(target)) continue;
        const rule = MAY_IMPORT[from];
        if (!rule.rooms.includes(to)) wrong.push(`${file.path} imports ${target}: ${rule.because}`);
        else if (to !== "kernel" && to !== "wire" && !DOORS.includes(target)) {
          wrong.push(`${file.path} imports ${target} past the door: a room is entered through its index.ts`);
        } else if (
          /repository\/index|publisher\/index|review\/index/.test(target) &&
          !isRoot(file.path) &&
          from !== "fleet"
        ) {
          wrong.push(`${file.path} imports ${target}: publisher code is not in the board's package`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it("name files that exist, with their extension", () => {
    const missing = files.flatMap((file) =>
      file.imports.filter((one) => !existsSync(join(ROOT, one))).map((one) => `${file.path} imports ${one}`),
    );
    expect(missing).toEqual([]);
  });

  it("form no cycle, types included: what cannot be read in order cannot be understood in parts", () => {
    expect(cycles(files)).toEqual([]);
  });

  it("of heavy or publisher-only packages stay off the board", () => {
    const OFF_BOARD: Readonly<Record<string, RegExp>> = {
      "@sigstore/sign": /^(attest\/publisher|test|examples)\//,
      "@sigstore/mock": /^test\/fakes\//,
      "@sigstore/tuf": /^test\//,
      "@noble/curves": /^test\//,
      aedes: /^(fleet|test)\//,
      mqtt: /^(agent\/link\/connect\.ts|fleet\/connect\.ts|test\/|examples\/)/,
      "better-sqlite3": /^(agent\/store\/|test\/)/,
      assemblyscript: /^(examples|test)\//,
      sigstore: /^$/,
    };
    const wrong = files.flatMap((file) =>
      file.packages
        .filter((name) => {
          const allowed = OFF_BOARD[name.replace(/^(@[^/]+\/[^/]+|[^/]+)\/.*$/, "$1")];
          return allowed !== undefined && !allowed.test(file.path);
        })
        .map((name) => `${file.path} imports ${name}`),
    );
    expect(wrong).toEqual([]);
  });
});

/** Where the world may be touched: everything else takes clock, chance, files and network as arguments. */
const ADAPTERS: readonly RegExp[] = [
  /^runtime\/kernel\/(node-world|durable)\.ts$/,
  /^runtime\/worker\//,
  /^runtime\/wasi\/(host-files|file-times|node-options)\.ts$/,
  /^updater\/client\/(connection|exchange|file-source|blobs|counter|floor-record|lock|neighbour|staging|vault)\.ts$/,
  /^updater\/repository\//,
  /^devices\/(linux|simulated)\//,
  /^agent\/link\/connect\.ts$/,
  /^agent\/store\/(db|code-cache|proofs)\.ts$/,
  /^agent\/(provision|cli|tpm)\//,
  /^agent\/(main|daemon)\.ts$/,
  /^fleet\/(broker|connect)\.ts$/,
  /^(test|examples)\//,
];
const WORLD_MODULES =
  /^node:(fs|fs\/promises|net|http|https|child_process|worker_threads|dgram|dns|os|process|timers.*)$/;
const WORLD_WORDS =
  /\b(?:Date\.now|new Date\(\)|Math\.random|performance\.now|setTimeout|setInterval|randomBytes|randomUUID|process\.(?!exitCode))/;

describe("the outside world", () => {
  it("is touched only in named adapters, so that a simulator can be the world", () => {
    const wrong: string[] = [];
    for (const file of files) {
      if (ADAPTERS.some((one) => one.test(file.path))) continue;
      for (const name of file.packages) if (WORLD_MODULES.test(name)) wrong.push(`${file.path} imports ${name}`);
      const word = WORLD_WORDS.exec(file.code);
      if (word !== null) wrong.push(`${file.path} uses ${word[0]}`);
    }
    expect(wrong).toEqual([]);
  });
});

const LINES_MAX = 350;
/** Tables and interpreters are long because the world is. A number here may fall, never rise. */
const LONG_FILES: Readonly<Record<string, number>> = {
  "runtime/interpret/loop-text.ts": 408,
  "runtime/interpret/loop.ts": 3898,
  "runtime/interpret/lower-data.ts": 612,
  "runtime/interpret/lower.ts": 630,
  "runtime/interpret/simd.ts": 463,
  "runtime/module/opcodes.ts": 470,
  "runtime/validate/code.ts": 601,
};

describe("files", () => {
  it(`are at most ${LINES_MAX} lines, or on the list with the number they may not exceed`, () => {
    const wrong = files
      .filter((file) => file.lines > (LONG_FILES[file.path] ?? LINES_MAX))
      .map((file) => `${file.path} has ${file.lines} lines: split what needs "and" to be described`);
    expect(wrong).toEqual([]);
  });

  it("begin by saying what they are", () => {
    const silent = files.filter((file) => !opensWithComment(file)).map((file) => file.path);
    expect(silent).toEqual([]);
  });

  it("hold no switch-off marks: no any, no ts-ignore, no skipped or focused test", () => {
    const MARK =
      /@ts-(?:ignore|expect-error|nocheck)|\bas any\b|: any\b|\.(?:only|todo)\(|\b(?:it|describe|test)\.skip\(/;
    const marked = files
      .filter((file) => file.path !== "test/tidy.test.ts" && MARK.test(file.code))
      .map((file) => file.path);
    expect(marked).toEqual([]);
  });
});

function opensWithComment(file: SourceFile): boolean {
  const text = readFileSync(join(ROOT, file.path), "utf8");
  return /^(?:#![^\n]*\n)?\s*(?:\/\*\*|\/\/)/.test(text);
}

function cycles(all: readonly SourceFile[]): string[] {
  const graph = new Map(all.map((file) => [file.path, file.imports]));
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) {
      found.push([...trail.slice(trail.indexOf(path)), path].join(" -> "));
      return;
    }
    if (done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return found;
}
