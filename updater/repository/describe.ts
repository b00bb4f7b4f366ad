/**
 * What a proposed document changes, in lines for the person who is asked to sign it. Derived from both versions alone;
 * whatever signed field is not told in words is listed as changed, so that nothing is signed unseen.
 */
import type { Key, Metadata, Root, TargetFile, Targets } from "@tufjs/models";
import { canonicalJson } from "../../runtime/kernel/canonical.ts";
import { printable } from "../../runtime/kernel/fault.ts";
import { binPrefix } from "./layout.ts";
import { NAMES_FIELD, type Names, namesIn } from "./names.ts";
import type { Document, Standing } from "./quorum.ts";
import { shortId } from "./tuf-key.ts";

/** The lines of all documents of a change. Hash bins that change alike, of which there may be a thousand, share theirs. */
export function describeDocuments(documents: readonly Document[], standing: Standing): readonly string[] {
  const told: string[][] = [];
  const alike = new Map<string, { readonly roles: string[]; readonly lines: string[] }>();
  for (const document of documents) {
    const lines = [...describeDocument(document, standing)];
    const { role, metadata } = document;
    const { expires } = metadata.signed;
    const key = JSON.stringify([role.replace(/-[^-]*$/, ""), standing.roles.has(role), expires, ...lines.slice(1)]);
    const same = role.startsWith(binPrefix("")) ? alike.get(key) : undefined;
    if (same === undefined) {
      told.push(lines);
      alike.set(key, { roles: [role], lines });
      continue;
    }
    same.roles.push(role);
    const version = standing.roles.has(role) ? "each one version on" : "version 1 (the first)";
    const head = `image ${same.roles.length} hash bins, ${same.roles[0]} to ${role}: ${version}, until ${expires}`;
    same.lines[0] = cleanLine(head);
  }
  return told.flat();
}

/** Lines without line ends; the first names the document. */
export function describeDocument(document: Document, standing: Standing): readonly string[] {
  const { repository, role, metadata } = document;
  const before = role === "root" ? standing.chains[repository].at(-1)?.signed : standing.roles.get(role)?.signed;
  const { version, expires } = metadata.signed;
  const head = `${repository} ${role}: version ${version}${before === undefined ? " (the first)" : ""}, until ${expires}`;
  const lines =
    role === "root"
      ? describeRoot(before as Root | undefined, metadata.signed as Root)
      : describeTargets(before as Targets | undefined, (metadata as Metadata<Targets>).signed);
  const all = [...lines, ...describeRest(before, metadata.signed)];
  const shown = all.length === 0 ? ["only renewed: nothing else changes"] : all;
  return [cleanLine(head), ...shown.map((line) => `  ${cleanLine(line)}`)];
}

/** Control characters made visible, nothing cut off: what is not shown would be signed unseen. */
export function cleanLine(line: string): string {
  return (line.match(/[\s\S]{1,200}/gu) ?? []).map(printable).join("");
}

function describeRoot(before: Root | undefined, after: Root): readonly string[] {
  const names = { ...namesIn(before), ...namesIn(after) };
  const lines: string[] = [];
  for (const [role, quorum] of Object.entries(after.roles)) {
    const old = before?.roles[role];
    lines.push(...describeQuorum(role, old, quorum, { ...before?.keys, ...after.keys }, names));
  }
  return lines;
}

interface QuorumLike {
  readonly keyIDs: readonly string[];
  readonly threshold: number;
}

function describeQuorum(
  role: string,
  before: QuorumLike | undefined,
  after: QuorumLike,
  keys: Readonly<Record<string, Key>>,
  names: Names,
): readonly string[] {
  const told = (keyId: string) => {
    const key = keys[keyId];
    const name = names[keyId];
    return `${shortId(keyId)}${name === undefined ? "" : ` (${name})`}${key === undefined ? ", which is not there" : `, ${key.scheme}`}`;
  };
  const lines: string[] = [];
  const [old, now] = [before?.keyIDs ?? [], after.keyIDs];
  for (const keyId of now) if (!old.includes(keyId)) lines.push(`${role}: adds key ${told(keyId)}`);
  for (const keyId of old) if (!now.includes(keyId)) lines.push(`${role}: removes key ${told(keyId)}`);
  if (before?.threshold !== after.threshold) {
    const from = before === undefined ? "" : `, before ${before.threshold} of ${new Set(old).size}`;
    lines.push(`${role}: needs ${after.threshold} of ${new Set(now).size} signatures${from}`);
  }
  return lines;
}

function describeTargets(before: Targets | undefined, after: Targets): readonly string[] {
  const lines: string[] = [];
  const [old, now] = [before?.targets ?? {}, after.targets];
  for (const [path, target] of Object.entries(now)) {
    const was = Object.hasOwn(old, path) ? old[path] : undefined;
    if (was?.equals(target) === true) continue;
    const { sha256 = "no sha256" } = target.hashes;
    lines.push(`${was === undefined ? "adds" : "replaces"} ${path}: ${target.length} bytes, ${sha256}`);
    const [factsWas, facts] = [factsOf(was), factsOf(target)];
    if (facts !== factsWas) lines.push(`  facts: ${facts}${was === undefined ? "" : `, before ${factsWas}`}`);
  }
  for (const path of Object.keys(old)) if (!Object.hasOwn(now, path)) lines.push(`removes ${path}`);
  return [...lines, ...describeDelegations(before, after)];
}

/** What is signed about a target beside its length and SHA-256: a release's floor and hardware, what takes it back. */
function factsOf(target: TargetFile | undefined): string {
  if (target === undefined) return "{}";
  const { length: _length, hashes, ...facts } = target.toJSON();
  const { sha256: _sha256, ...others } = hashes as Readonly<Record<string, string>>;
  return canonicalJson({ ...facts, ...(Object.keys(others).length === 0 ? {} : { hashes: others }) });
}

function describeDelegations(before: Targets | undefined, after: Targets): readonly string[] {
  const names = { ...namesIn(before), ...namesIn(after) };
  const keys = { ...before?.delegations?.keys, ...after.delegations?.keys };
  const [old, now] = [before?.delegations?.roles ?? {}, after.delegations?.roles ?? {}];
  const lines: string[] = [];
  for (const [role, to] of Object.entries(now)) {
    const from = Object.hasOwn(old, role) ? old[role] : undefined;
    if (from === undefined) lines.push(`delegates to ${role}${to.terminating ? ", terminating" : ""}`);
    lines.push(...describeQuorum(role, from, to, keys, names));
    const [pathsFrom, pathsTo] = [patterns(from), patterns(to)];
    if (pathsFrom !== pathsTo)
      lines.push(`${role}: may offer ${pathsTo}${from === undefined ? "" : `, before ${pathsFrom}`}`);
    if (from !== undefined && from.terminating !== to.terminating) {
      lines.push(`${role}: ${to.terminating ? "ends the search" : "no longer ends the search"}`);
    }
  }
  for (const role of Object.keys(old)) if (!Object.hasOwn(now, role)) lines.push(`no longer delegates to ${role}`);
  if (
    canonicalJson(Object.keys(old).filter((role) => Object.hasOwn(now, role))) !==
    canonicalJson(Object.keys(now).filter((role) => Object.hasOwn(old, role)))
  ) {
    lines.push("delegations: in another order");
  }
  const [binsFrom, binsTo] = [before?.delegations?.succinctRoles, after.delegations?.succinctRoles];
  if (canonicalJson(binsFrom?.toJSON() ?? null) !== canonicalJson(binsTo?.toJSON() ?? null)) {
    lines.push(`hash bins: ${canonicalJson(binsTo?.toJSON() ?? null)}`);
  }
  return lines;
}

function patterns(role: { readonly paths?: string[]; readonly pathHashPrefixes?: string[] } | undefined): string {
  return role?.paths?.join(", ") ?? `hashes that begin with ${role?.pathHashPrefixes?.join(", ") ?? "nothing"}`;
}

/** Signed fields that no line above speaks of. */
const TOLD = new Set(["_type", "version", "expires", "keys", "roles", "targets", "delegations", NAMES_FIELD]);

function describeRest(before: Root | Targets | undefined, after: Root | Targets): readonly string[] {
  const [old, now] = [before?.toJSON() ?? {}, after.toJSON()];
  const lines: string[] = [];
  for (const field of new Set([...Object.keys(old), ...Object.keys(now)])) {
    if (TOLD.has(field)) continue;
    const [from, to] = [canonicalJson(old[field] ?? null), canonicalJson(now[field] ?? null)];
    if (from !== to) lines.push(`field ${field}: ${to}${before === undefined ? "" : `, before ${from}`}`);
  }
  const [namesFrom, namesTo] = [namesIn(before), namesIn(after)];
  for (const [keyId, name] of Object.entries(namesTo)) {
    const was = namesFrom[keyId];
    if (was !== undefined && was !== name) lines.push(`key ${shortId(keyId)} is called ${name}, before ${was}`);
  }
  return lines;
}
