/**
 * The judge with a memory. A board judges what it runs again with every round, and a verdict depends on nothing but the
 * input, so the same question (by the digests of bundle, policy and trusted root, and all else that is asked) gets the
 * same answer without a signature checked twice, for as long as no age in it runs out. Nothing is kept across a restart.
 */
import { assert } from "../runtime/kernel/assert.ts";
import { documentDigest, sha256 } from "../runtime/kernel/digest.ts";
import { ok } from "../runtime/kernel/result.ts";
import { type JudgeInput, judge, type Verdict } from "./judge.ts";
import { parseTrustedRoot, type TrustedRoot } from "./trust.ts";

/** More than a board has modules. */
const VERDICTS_MAX = 64;
/** Longer than many rounds, and short for whoever waits for a board that started with a clock that was behind. */
const REFUSAL_MS = 3_600_000;

export type Judge = (input: JudgeInput) => Verdict;

interface Remembered {
  readonly verdict: Verdict;
  readonly judgedMs: number;
}

/** Remembers the last `verdictsMax` verdicts, refusals as well; the one not asked for longest goes first. */
export function createJudge(verdictsMax = VERDICTS_MAX, decide: Judge = judge): Judge {
  assert(verdictsMax > 0, "a memory has room for a verdict");
  const verdicts = new Map<string, Remembered>();
  return (input) => {
    const key = keyOf(input);
    const before = verdicts.get(key);
    const held = before !== undefined && stillHolds(before, input.nowMs) ? before : undefined;
    const remembered = held ?? { verdict: decide(input), judgedMs: input.nowMs };
    verdicts.delete(key);
    verdicts.set(key, remembered);
    const [oldest] = verdicts.keys();
    if (verdicts.size > verdictsMax && oldest !== undefined) verdicts.delete(oldest);
    return remembered.verdict;
  };
}

/** Reads trusted roots, and the same bytes only once: it is the slowest thing to parse and changes once a year. */
export function createRootReader(parse = parseTrustedRoot): typeof parseTrustedRoot {
  let last: { readonly digest: string; readonly root: TrustedRoot } | undefined;
  return (bytes) => {
    const digest = sha256(bytes);
    if (last?.digest === digest) return ok(last.root);
    const parsed = parse(bytes);
    if (parsed.ok) last = { digest, root: parsed.value };
    return parsed;
  };
}

/** A clock that was set back asks again. What was dated ahead of the board's clock is refused until that is right. */
function stillHolds({ verdict: { accepted, untilMs }, judgedMs }: Remembered, nowMs: number): boolean {
  if (nowMs < judgedMs || (!accepted && nowMs >= judgedMs + REFUSAL_MS)) return false;
  return untilMs === undefined || nowMs < untilMs;
}

/** Complete by its type: a field that the question gains does not compile until it is told here. */
type Key = { readonly [Field in Exclude<keyof JudgeInput, "nowMs">]-?: unknown };

function keyOf({ bundle, trust, policy, artifacts, module, device, running = false }: JudgeInput): string {
  const { team, name, version, capabilities, regions } = module;
  const key: Key = {
    bundle: sha256(bundle),
    trust: trust.digest,
    policy,
    artifacts,
    module: { team, name, version, capabilities, regions },
    device,
    running,
  };
  return documentDigest(key);
}
