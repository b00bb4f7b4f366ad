/** What `sallyport appraise` and `sallyport challenge` share: where reference values come from, and how a result is told. */
import { lstatSync } from "node:fs";
import {
  type Appraisal,
  appraise,
  parseReference,
  parseRemembered,
  type Reference,
  type Remembered,
} from "../../attest/index.ts";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { canonicalJson } from "../../runtime/kernel/canonical.ts";
import { fault as diskFault, ensureDirectory } from "../../runtime/kernel/durable.ts";
import { Fault, reasonOf } from "../../runtime/kernel/fault.ts";
import { nodeClock } from "../../runtime/kernel/node-world.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { type Lock, takeLock } from "../../updater/index.ts";
import { readBoard } from "../provision/device.ts";
import { readFile, readText, writeFile } from "./files.ts";
import { paint } from "./paint.ts";
import { type Args, type Io, type OptionSpec, usageFault } from "./verb.ts";

export const APPRAISAL_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  expect: { value: "FILE", help: "reference values (sallyport.reference/1): keys, agent, modules, policy, TPM" },
  "device-dir": { value: "DIR", help: "instead: a board's directory here; only its name and key are taken from it" },
  "device-key": { value: "FILE", help: "instead: the board's public key, with --tenant and --device" },
  "max-age": { value: "SECONDS", default: "90000", help: "without --expect: how old what nobody asked for may be" },
  state: { value: "FILE", help: "what was seen of this board, kept from one appraisal to the next" },
  json: { help: "the whole result as one JSON object" },
};

/** From exactly one of --expect, --device-dir and --device-key. */
export function referenceOf(verb: string, args: Args): Reference {
  const given = ["expect", "device-dir", "device-key"].filter((name) => args.maybe(name) !== undefined);
  if (given.length !== 1) throw usageFault(`${verb}: give one of --expect, --device-dir and --device-key`);
  if (given[0] === "expect") return unwrap(parseReference(readFile(args.text("expect"), 1_000_000)));
  const who =
    given[0] === "device-dir"
      ? fromBoard(args.text("device-dir"))
      : { tenant: args.text("tenant"), device: args.text("device"), keys: [readText(args.text("device-key"))] };
  const maxAgeS = args.integer("max-age", { min: 1, max: 31_536_000 });
  return unwrap(parseReference(utf8(JSON.stringify({ schema: "sallyport.reference/1", ...who, maxAgeS }))));
}

function fromBoard(directory: string) {
  const { config, key } = unwrap(readBoard(directory));
  return { tenant: config.tenant, device: config.device, keys: [key.publicPem] };
}

export function rememberedIn(verb: string, path: string | undefined, reference: Reference): Remembered | undefined {
  if (path === undefined || lstatSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
  const remembered = unwrap(parseRemembered(readFile(path, 1_000_000), path));
  if (remembered.device !== reference.device || remembered.tenant !== reference.tenant) {
    throw usageFault(`${verb}: ${path} is of ${remembered.tenant}/${remembered.device}, not of this board`);
  }
  return remembered;
}

const LOCK_TRIES = 100;
const LOCK_AGAIN_MS = 50;

/** One at a time from reading to writing, or the slower of two would put back what the faster had seen. Throws UPDATE_LOCKED. */
async function lockMemory(path: string): Promise<Lock> {
  const directory = `${path}.lock`;
  ensureDirectory(directory, 0o700);
  for (let tried = 1; ; tried += 1) {
    try {
      return takeLock(directory);
    } catch (error) {
      if (!(error instanceof Fault)) throw diskFault("DISK_WRITE", { path: directory, reason: reasonOf(error) }, error);
      if (error.code !== "UPDATE_LOCKED" || tried === LOCK_TRIES) throw error;
      await new Promise<void>((resolve) => void nodeClock.after(LOCK_AGAIN_MS, resolve));
    }
  }
}

/** Appraises, keeps what is to be remembered, tells; returns the exit status. */
export async function appraiseAndTell(verb: string, args: Args, io: Io, asked: Asked): Promise<number> {
  const state = args.maybe("state");
  const lock = state === undefined ? undefined : await lockMemory(state);
  try {
    return appraiseNow(verb, args, io, asked);
  } finally {
    lock?.release();
  }
}

/** What is appraised, by which question, when. */
export interface Asked {
  readonly envelope: Uint8Array | undefined;
  readonly nonce?: string | undefined;
  readonly nowMs: number;
}

function appraiseNow(verb: string, args: Args, io: Io, asked: Asked): number {
  const reference = referenceOf(verb, args);
  const state = args.maybe("state");
  const before = rememberedIn(verb, state, reference);
  const appraisal = appraise({ ...asked, reference, before });
  if (state !== undefined && appraisal.remembered !== undefined) {
    writeFile(state, utf8(`${canonicalJson(appraisal.remembered)}\n`), 0o600);
  }
  const claim = claimOf(appraisal, reference);
  if (args.flag("json")) {
    const { status, reasons, statement } = appraisal;
    io.out(JSON.stringify({ status, claim, reasons, ...(statement === undefined ? {} : { statement }) }));
  } else tell(appraisal, claim, io);
  return appraisal.status === "verified" ? 0 : 1;
}

function tell({ status, reasons }: Appraisal, claim: string, io: Io): void {
  const { red, green, yellow, dim } = paint(io.colour);
  const marks = { passed: green("pass"), refused: red("FAIL"), unexamined: dim("  - ") };
  for (const { outcome, check, text, code } of reasons) {
    io.out(`${marks[outcome]}  ${check.padEnd(16)} ${text}${code === undefined ? "" : ` (${code})`}`);
  }
  const colours = { verified: green, stale: yellow, mismatch: red, unattested: red };
  io.out(colours[status](status));
  io.out(claim);
}

/** What the result can mean at most. */
function claimOf({ status, reasons }: Appraisal, reference: Reference): string {
  if (status === "unattested") return "Nothing is claimed.";
  if (status === "mismatch") return "The board's key signed this; what it says is not what it should be.";
  const isMeasured = Object.keys(reference.tpm?.pcrs ?? {}).length > 0;
  if (reasons.some(({ check, outcome }) => check === "quote" && outcome === "passed")) {
    return isMeasured
      ? "The board's TPM quoted the expected measurements over this statement: it was made on the machine that holds that TPM, started as measured. What the software says of itself beyond the measurements is its own word."
      : "The board's TPM quoted this statement: it was made on the machine that holds that TPM. How that was started nobody examined; what the software says of itself is its own word.";
  }
  return "A key that lies where the board's software runs signed this: it shows continuity, and integrity against others, not against who controls the board.";
}
