/** A verified proof as a person reads it: what was judged, what the answer rests on, what it does not say. */
import { firstRefusal, type Verdict } from "../../attest/index.ts";
import { capabilityId } from "../../runtime/kernel/authority/capability.ts";
import type { Dependence, ProofResult, RootDependence } from "../proof/index.ts";
import { paint } from "./paint.ts";
import { cleanLine } from "./terminal-text.ts";
import type { Io } from "./verb.ts";

export function sayProof(result: ProofResult, io: Io): void {
  const { proof, digest, capabilities, verdict, again, dependence, otherChecks } = result;
  const { red, green, bold } = paint(io.colour);
  const say = (line: string) => io.out(cleanLine(line));
  const { team, name, version, module } = proof.release;
  const { id, class: kind, region } = proof.device;
  io.out(
    bold(cleanLine(`${team}/${name} ${version} on ${id} (tenant ${proof.tenant}, class ${kind}, region ${region})`)),
  );
  say(`module sha256 ${module.sha256}, proof sha256 ${digest}`);
  for (const { holds, predicateType, signers } of verdict.evidence) {
    if (holds) say(`evidence: ${predicateType}, signed by ${signers.join(", ")}`);
  }
  const { builderId, sourceUri } = verdict.provenance ?? {};
  if (builderId !== undefined) say(`built by ${builderId} from ${sourceUri}`);
  say(`granted: ${capabilities.map(capabilityId).join(", ") || "nothing"}`);
  const sayVerdict = ({ reasons }: Verdict) => {
    for (const one of reasons) {
      const end = one.code === undefined ? "" : ` (${one.code})`;
      const word = one.passed ? green("pass") : one.code === undefined ? "----" : red("FAIL");
      io.out(`${word}  ${one.check.padEnd(20)} ${cleanLine(one.text)}${end}`);
    }
  };
  sayVerdict(verdict);
  if (again !== undefined) {
    io.out("");
    io.out("the same evidence, as you asked it to be judged:");
    sayVerdict(again);
  }
  io.out("");
  io.out("this rests on");
  for (const line of restsOn(dependence)) say(`  ${line}`);
  if (otherChecks !== undefined) say(`  ${otherChecksLine(otherChecks)}`);
  io.out("and does not say");
  for (const line of dependence.notProven) say(`  ${line}`);
  io.out("");
  if (again?.accepted === false) io.out(red(`refused: ${cleanLine(firstRefusal(again).line())}`));
  else io.out(green("accepted"));
}

export function restsOn({
  image,
  director,
  metadataUntil,
  policy,
  sigstore,
  time,
  device,
  agent,
}: Dependence): string[] {
  return [
    rootLine("image", image),
    rootLine("director", director),
    `metadata that was current until ${metadataUntil}, if the board's clock was right`,
    `the owner's policy, version ${policy.version} (sha256 ${policy.sha256})`,
    `trusted root sha256 ${sigstore.sha256}: ${sigstore.services.join(", ") || "services without an address"}`,
    `time: the board says ${time.judged} (metadata looked at ${time.refreshed}, floor ${time.floor})`,
    `time: signed by others ${time.signed.join(", ") || "nowhere in this evidence"}`,
    deviceLine(device),
    `agent ${agent}, as the board says`,
  ];
}

function rootLine(repository: string, { version, sha256, keyIds, threshold, versions }: RootDependence): string {
  const keys = keyIds.map((one) => `${one.slice(0, 12)}…`).join(", ");
  const led = `led to root ${versions.root}, timestamp ${versions.timestamp}, snapshot ${versions.snapshot}, targets ${versions.targets}`;
  return `${repository} root ${version} that you gave (sha256 ${sha256.slice(0, 12)}…; ${threshold} of the keys ${keys}): ${led}`;
}

function deviceLine({ by, keyId, certificate }: Dependence["device"]): string {
  switch (by) {
    case "key":
      return `device key ${keyId}, which you pinned`;
    case "authority":
      return `device key ${keyId}, certified as ${certificate?.name} by ${certificate?.authority} until ${certificate?.until}`;
    case "nothing":
      return `device key ${keyId}, WHICH NOBODY HAS IDENTIFIED: give --device-key or --device-ca`;
  }
}

/** What is listed above is what this program checked; the record is of another. */
function otherChecksLine({ recordedOnly, hereOnly }: NonNullable<ProofResult["otherChecks"]>): string {
  const differences = [
    ...(recordedOnly.length === 0 ? [] : [`checked there and not here: ${recordedOnly.join(", ")}`]),
    ...(hereOnly.length === 0 ? [] : [`checked here and not there: ${hereOnly.join(", ")}`]),
  ];
  return `the board's program is of another version than this: ${differences.join("; ") || "both make the same checks"}`;
}

/** The same as data. */
export function proofJson(result: ProofResult): unknown {
  const { proof, digest, releaseCounter, capabilities, verdict, again, dependence, otherChecks } = result;
  const { release, device, tenant, agent, time } = proof;
  const { id, class: kind, region } = device;
  const accepted = again?.accepted ?? true;
  const facts = {
    tenant,
    device: { id, class: kind, region },
    agent,
    release: { ...release, releaseCounter },
    capabilities,
    time,
  };
  const more = { ...(otherChecks === undefined ? {} : { otherChecks }), ...(again === undefined ? {} : { again }) };
  return { accepted, digest, ...facts, verdict, ...more, dependence };
}
