/** `sallyport policy simulate`: which releases a policy would admit and why not the others, beside the policy in force. */
import {
  type JudgeInput,
  judge,
  type Policy,
  parseTrustedRoot,
  TRUSTED_ROOT_BYTES_MAX,
  type Verdict,
} from "../../attest/index.ts";
import { nodeClock } from "../../runtime/kernel/node-world.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { moduleOf } from "../flow/admit.ts";
import { readFile } from "./files.ts";
import { paint } from "./paint.ts";
import { columns } from "./policy-explain.ts";
import { readPolicy } from "./policy-file.ts";
import { findReleases, type ReleaseFiles, readRelease } from "./policy-releases.ts";
import { timeOption } from "./policy-time.ts";
import { type Args, usageFault, type Verb } from "./verb.ts";

interface Row {
  readonly release: ReleaseFiles;
  readonly verdict: Verdict;
  /** Under the policy in force. */
  readonly before?: Verdict;
}

export const verb: Verb = {
  name: "policy simulate",
  summary:
    "Judge releases by a policy, as a device would: one by its files, or all below folders such as a repository's targets.",
  positionals: ["FILE", "[DIR...]"],
  options: {
    "trusted-root": { value: "FILE", required: true, help: "Sigstore trusted_root.json" },
    manifest: { value: "FILE", help: "manifest.json of one release" },
    module: { value: "FILE", help: "its module.wasm" },
    evidence: { value: "FILE", help: "its evidence file, bundle.sigstore.json" },
    against: { value: "FILE", help: "the policy in force: say what changes, and fail if something would be refused" },
    running: { help: "judge as of what runs already: age is reported, flagged revocations are as well" },
    device: { value: "ID", default: "any", help: "device id the rules are matched with" },
    class: { value: "NAME", default: "any", help: "device class" },
    region: { value: "NAME", default: "any", help: "device region" },
    at: { value: "TIME", help: "the time that the device believes in, e.g. 2026-11-21T00:00:00Z; now unless given" },
    json: { help: "print the verdicts as JSON" },
  },
  examples: [
    "sallyport policy simulate new.json --against policy.json --trusted-root trusted_root.json --class gateway repo/image/targets",
    "sallyport policy simulate policy.json --trusted-root root.json --manifest manifest.json --module module.wasm --evidence bundle.sigstore.json",
  ],
  async run(args, io) {
    const [file = "", ...folders] = args.positionals;
    const policy = readPolicy(file);
    const other = args.maybe("against");
    const old = other === undefined ? undefined : readPolicy(other);
    const situation = situationOf(args);
    const rows = releasesOf(args, folders).map((release): Row => {
      const verdict = judgeBy(policy, release, situation);
      return { release, verdict, ...(old === undefined ? {} : { before: judgeBy(old, release, situation) }) };
    });
    if (rows.length === 0) throw usageFault(`policy simulate: no release below ${folders.join(", ")}`);
    const failed = rows.filter(({ verdict, before }) => !verdict.accepted && (before?.accepted ?? true));
    if (args.flag("json")) {
      for (const { release, verdict, before } of rows) {
        const { team, name, version } = release.manifest;
        io.out(JSON.stringify({ at: release.at, team, name, version, verdict, ...(before && { before }) }));
      }
      return failed.length > 0 ? 1 : 0;
    }
    const { red, green, yellow, bold } = paint(io.colour);
    const [head = "", ...lines] = columns([["release", "verdict", "why"], ...rows.map((one) => cellsOf(one, rows))]);
    io.out(bold(head));
    for (const [index, text] of lines.entries()) {
      const row = rows[index];
      const changed = row?.before !== undefined && row.before.accepted !== row.verdict.accepted;
      io.out(row === undefined ? text : changed ? yellow(text) : row.verdict.accepted ? green(text) : red(text));
    }
    io.out(summary(rows, old !== undefined));
    return failed.length > 0 ? 1 : 0;
  },
};

function releasesOf(args: Args, folders: readonly string[]): readonly ReleaseFiles[] {
  const files = ["manifest", "module", "evidence"].map((name) => args.maybe(name));
  const [manifest, module, evidence] = files;
  const given = files.filter((one) => one !== undefined).length;
  if (folders.length > 0) {
    if (given > 0) throw usageFault("policy simulate: name folders, or the files of one release");
    return folders.flatMap(findReleases);
  }
  if (manifest === undefined || module === undefined || evidence === undefined) {
    throw usageFault("policy simulate: name a folder with releases, or --manifest, --module and --evidence");
  }
  return [readRelease(manifest, module, evidence)];
}

type Situation = Pick<JudgeInput, "device" | "nowMs" | "running" | "trust">;

function situationOf(args: Args): Situation {
  return {
    nowMs: timeOption(args, nodeClock),
    device: { id: args.text("device"), class: args.text("class"), region: args.text("region") },
    running: args.flag("running"),
    trust: unwrap(parseTrustedRoot(readFile(args.text("trusted-root"), TRUSTED_ROOT_BYTES_MAX))),
  };
}

function judgeBy(policy: Policy, { manifest, artifacts, evidence }: ReleaseFiles, situation: Situation): Verdict {
  return judge({ ...situation, bundle: evidence, artifacts, module: moduleOf(manifest), policy });
}

function cellsOf({ release, verdict, before }: Row, all: readonly Row[]): readonly string[] {
  const nameOf = ({ manifest: { team, name, version } }: ReleaseFiles) => `${team}/${name} ${version}`;
  const name = nameOf(release);
  const isAlone = all.filter((one) => nameOf(one.release) === name).length === 1;
  const word = (one: Verdict) => (one.accepted ? "accepted" : "refused");
  const changed = before !== undefined && before.accepted !== verdict.accepted;
  return [
    isAlone ? name : `${name} in ${release.at}`,
    changed ? `${word(before)} → ${word(verdict)}` : word(verdict),
    whyOf(verdict),
  ];
}

/** What refuses; what is only reported; until when it holds. */
function whyOf({ accepted, reasons, untilMs }: Verdict): string {
  const told = reasons.filter((one) => one.code !== undefined && (accepted ? one.flagged === true : !one.passed));
  const [first, ...rest] = told;
  const why =
    first === undefined ? [] : [`${first.code}: ${first.text}${rest.length === 0 ? "" : ` (and ${rest.length} more)`}`];
  const until = untilMs === undefined ? [] : [`until ${new Date(untilMs).toISOString()}`];
  return [...why, ...until].join("; ");
}

function summary(rows: readonly Row[], compared: boolean): string {
  const accepted = rows.filter((one) => one.verdict.accepted).length;
  const total = `${accepted} of ${rows.length} accepted`;
  if (!compared) return total;
  const lost = rows.filter(({ verdict, before }) => before?.accepted === true && !verdict.accepted).length;
  const won = rows.filter(({ verdict, before }) => before?.accepted === false && verdict.accepted).length;
  return `${total}; ${lost} no longer, ${won} newly`;
}
