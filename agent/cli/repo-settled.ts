/** How the verbs that change offline roles tell what came of it, and how a person names a role. */
import { type Result, unwrap } from "../../runtime/kernel/result.ts";
import { type Missing, type Settled, sayMissing, shortId, teamRole } from "../../updater/repository/index.ts";
import type { Io } from "./verb.ts";

/** `root`, `targets`, a team, or a role as metadata calls it: the name of the change that leads with it. */
export function leadOf(text: string): string {
  return text === "root" || text === "targets" || text.startsWith("team-") ? text : teamRole(text);
}

export function tellSettled(settled: Settled, io: Io): void {
  if (settled.kind === "published") {
    io.out(`${settled.lead}: published`);
    if (!settled.seamless) {
      io.err(
        "a board that reads at this moment may refuse once and succeed at its next look: the old key could not help",
      );
    }
    return;
  }
  io.out(`${settled.lead}: waits for signatures`);
  for (const line of sayWaiting(settled.missing)) io.out(line);
  sayNext(settled.lead, io);
}

/** The value of a verb that promises publication; where that waits for signatures, the way to them before the refusal. */
export function published<T>(result: Result<T>, lead: string, io: Io): T {
  if (!result.ok && result.error.code === "REPO_UNSIGNED") sayNext(lead, io);
  return unwrap(result);
}

function sayNext(lead: string, io: Io): void {
  io.err(`next: sallyport repo export --role ${lead} FILE, sallyport repo sign FILE there, sallyport repo merge FILE`);
}

/** What a quorum does not survive, or does not prevent; nothing when it does both. */
export function sayWeak(role: string, threshold: number, keys: number): readonly string[] {
  if (keys === 1)
    return [`warning: one key is all of ${role}: lost, it can never be changed; stolen, nobody else is asked`];
  if (threshold === keys)
    return [`warning: ${role} needs all of its ${keys} keys: one lost, it can never be changed again`];
  return threshold === 1 ? [`warning: each of the ${keys} keys of ${role} commands it alone`] : [];
}

export function sayWaiting(missing: readonly Missing[]): readonly string[] {
  const say = ({ id, name }: Missing["waiting"][number]) =>
    name === undefined ? shortId(id) : `${name} (${shortId(id)})`;
  return missing.map((one) => `  ${sayMissing(one)}; may sign: ${one.waiting.map(say).join(", ") || "nobody"}`);
}
