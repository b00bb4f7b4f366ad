/** `sallyport attest show`: what an evidence file contains. It verifies nothing, and says so. */
import { type ClaimedSigner, type Description, describeEvidence } from "../../attest/publisher/index.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { readFile } from "./files.ts";
import { paint } from "./paint.ts";
import { cleanLine } from "./terminal-text.ts";
import type { Verb } from "./verb.ts";

type Provenance = NonNullable<Description["provenance"]>;

const SUBJECTS_SHOWN = 8;

export const verb: Verb = {
  name: "attest show",
  summary: "Say what an evidence file contains, as it claims. Nothing is verified: that is what verify is for.",
  positionals: ["FILE"],
  options: { json: { help: "print it as JSON" } },
  examples: ["sallyport attest show evidence.jsonl", "sallyport attest show bundle.json --json"],
  async run(args, io) {
    const [file = ""] = args.positionals;
    const described = unwrap(describeEvidence(readFile(file)));
    if (args.flag("json")) {
      io.out(JSON.stringify({ verified: false, attestations: described }));
      return 0;
    }
    const { bold, red } = paint(io.colour);
    const count = `${described.length} attestation${described.length === 1 ? "" : "s"}`;
    io.out(`${file}: ${count}, ${bold("not verified")}: what follows is what the file claims`);
    for (const one of described) {
      io.out(`${one.index + 1}  ${one.kind}, sha256:${one.digest}`);
      for (const [name, text] of linesOf(one)) {
        const line = `   ${name.padEnd(9)}  ${cleanLine(text)}`;
        io.out(name === "problem" ? red(line) : line);
      }
    }
    return 0;
  },
};

function* linesOf(one: Description): Generator<readonly [string, string]> {
  if (one.predicateType !== undefined) yield ["says", one.predicateType];
  if (one.provenance !== undefined) yield* built(one.provenance);
  for (const { name = "(no name)", digest } of one.subjects.slice(0, SUBJECTS_SHOWN)) {
    const digests = Object.entries(digest).map(([algorithm, value]) => `${algorithm}:${value}`);
    yield ["about", [name, ...digests].join(" ")];
  }
  if (one.subjects.length > SUBJECTS_SHOWN) yield ["about", `and ${one.subjects.length - SUBJECTS_SHOWN} more`];
  for (const signer of one.signers) yield ["signer", called(signer)];
  for (const [name, value] of Object.entries(one.certificate ?? {})) yield ["cert", `${name}: ${value}`];
  for (const { kind, logIndex, timeMs } of one.logEntries) {
    yield ["logged", `entry ${logIndex} (${kind})${timeMs === undefined ? "" : `, ${at(timeMs)}`}`];
  }
  for (const time of one.timestampsMs) yield ["timestamp", at(time)];
  for (const problem of one.problems) yield ["problem", problem];
}

/** In the words of a policy's requirement. */
function* built({ builderId, buildType, sourceUri, sourceRef, sourceDigest = {} }: Provenance) {
  yield ["builder", builderId] as const;
  yield ["type", buildType] as const;
  const commit = Object.entries(sourceDigest).map(([algorithm, value]) => `, ${algorithm} ${value}`);
  yield ["source", `${sourceUri}${sourceRef === undefined ? "" : `@${sourceRef}`}${commit.join("")}`] as const;
}

function called(signer: ClaimedSigner): string {
  if ("key" in signer) return signer.key === "" ? "a key without a name" : `key ${signer.key}`;
  return `${signer.subject} (issuer ${signer.issuer})`;
}

/** A number from a hostile file may be no time at all. */
function at(timeMs: number): string {
  const time = new Date(timeMs);
  return Number.isNaN(time.getTime()) ? "at no time" : time.toISOString();
}
