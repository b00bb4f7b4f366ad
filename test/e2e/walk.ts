/**
 * Runs the shell blocks of a page as their readers would: every laptop a home of its own, one stick that both can
 * read, a clock that moves where the page says so. A block names its laptop in its first line (`# Anna's laptop`) and
 * is followed by what it prints; `…` stands for digests and dates within a line, a line of `[…]` for any lines. A block
 * `sh refuses` ends with another status than 0. What a person types when asked, the wrapper here types: a passphrase,
 * `yes`; and it brings a Sigstore of its own to `attest` where a token signs.
 */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "../tree.ts";

export type Step =
  | {
      readonly kind: "run";
      readonly laptop: string;
      readonly script: string;
      readonly refuses: boolean;
      readonly prints: string;
    }
  | { readonly kind: "days"; readonly days: number }
  | { readonly kind: "board"; readonly board: string; readonly expects: string };

export interface Section {
  readonly title: string;
  readonly steps: readonly Step[];
}

/** The sections of a page that have steps. Throws for a block that names no laptop. */
export function readWalk(page: string): readonly Section[] {
  const sections = page.split(/^#{2,3} /m).slice(1);
  return sections
    .map((text) => ({ title: text.slice(0, text.indexOf("\n")), steps: [...stepsOf(text)] }))
    .filter(({ steps }) => steps.length > 0);
}

const STEP =
  /^```sh( refuses)?\n# (\w+)'s laptop\n([\s\S]*?)^```\n(?:\n```text\n([\s\S]*?)^```\n)?|^<!-- (\d+) days later -->$|^<!-- (porch-\d) (\S+) -->$|^```sh[^\n]*\n[^\n]*\n/gm;

function* stepsOf(text: string): Generator<Step> {
  for (const [all, refuses, laptop, script, prints = "", days, board, expects] of text.matchAll(STEP)) {
    if (days !== undefined) yield { kind: "days", days: Number(days) };
    else if (board !== undefined && expects !== undefined) yield { kind: "board", board, expects };
    else if (laptop !== undefined && script !== undefined) {
      yield { kind: "run", laptop, script, refuses: refuses !== undefined, prints };
    } else throw new Error(`a block of the walk names no laptop: ${all}`);
  }
}

export interface Walk {
  home(laptop: string): string;
  /** Milliseconds by which the clock of all laptops is ahead. */
  aheadMs: number;
  run(step: Extract<Step, { kind: "run" }>): Promise<{ readonly status: number; readonly printed: string }>;
  end(): void;
}

export interface WalkOptions {
  /** Files at a laptop's home before the first block, by laptop. */
  readonly files: Readonly<Record<string, Readonly<Record<string, string | Uint8Array>>>>;
  /** Arguments that `attest` gets beside those of the page. */
  readonly attest: readonly string[];
}

const CLOCK = "const now = Date.now; const ahead = Number(process.env.WALK_AHEAD_MS); Date.now = () => now() + ahead;";

export function startWalk({ files, attest }: WalkOptions): Walk {
  const folder = mkdtempSync(join(tmpdir(), "sallyport-walk-"));
  const at = (...names: string[]) => join(folder, ...names);
  for (const name of ["bin", "usb", "safe"]) mkdirSync(at(name));
  const home = (laptop: string) => at(laptop.toLowerCase());
  for (const [laptop, own] of Object.entries(files)) {
    mkdirSync(home(laptop));
    for (const [name, bytes] of Object.entries(own)) writeFileSync(join(home(laptop), name), bytes);
  }
  const node = join(ROOT, "node_modules", ".bin", "node");
  const program = existsSync(node) ? node : process.execPath;
  const wrapper = `#!/bin/bash
case "$1 $2 $3" in
  "repo key new") [[ " $* " = *" --plain "* ]] || export SALLYPORT_PASSPHRASE="correct horse" ;;
  "repo sign "*) export SALLYPORT_PASSPHRASE="correct horse"; set -- "$@" --yes ;;
  "attest "*) [[ " $* " != *" --token-"* ]] || set -- "$@" ${attest.map((one) => `'${one}'`).join(" ")} ;;
esac
exec '${program}' '${join(ROOT, "agent", "main.ts")}' "$@"
`;
  writeFileSync(at("bin", "sallyport"), wrapper, { mode: 0o755 });
  writeFileSync(at("clock.mjs"), CLOCK);
  const medium = (text: string) => text.replaceAll("/media/usb", at("usb")).replaceAll("/media/safe", at("safe"));
  const walk: Walk = {
    home,
    aheadMs: 0,
    run({ laptop, script }) {
      const env = {
        PATH: `${at("bin")}:${join(ROOT, "node_modules", ".bin")}:${process.env["PATH"] ?? ""}`,
        HOME: home(laptop),
        CHECKOUT: ROOT,
        NO_COLOR: "1",
        NODE_OPTIONS: `--import=${at("clock.mjs")}`,
        WALK_AHEAD_MS: String(walk.aheadMs),
      };
      return new Promise((resolve) => {
        const options = { cwd: home(laptop), env, timeout: 60_000, maxBuffer: 1_000_000 };
        execFile("bash", ["-ec", `exec 2>&1\n${medium(script)}`], options, (error, out) => {
          const status = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
          resolve({ status, printed: out.replaceAll(at("usb"), "/media/usb").replaceAll(at("safe"), "/media/safe") });
        });
      });
    },
    end: () => rmSync(folder, { recursive: true, force: true }),
  };
  return walk;
}

/** Whether `printed` is what the page shows, with its placeholders. */
export function looksLike(printed: string, shown: string): boolean {
  const pattern = shown
    .split(/(^\[…\]\n|…)/m)
    .map((part) => (part === "[…]\n" ? "(?:[^\\n]*\\n)*?" : part === "…" ? "[^\\n]+?" : escaped(part)))
    .join("");
  return new RegExp(`^${pattern}$`).test(printed);
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
