/** Policies as an owner writes them, for tests of what they ask. */
import { type Policy, parsePolicy } from "../../../attest/index.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import type { Signer } from "../../../runtime/kernel/signer.ts";
import { BUILDER, type Json, policy, SOURCE } from "./release.ts";

export const keyOf = (signer: Signer | undefined) => signer?.publicPem ?? "";
export const by = (...signers: readonly (Signer | undefined)[]) => signers.flatMap((one) => one ?? []);

export const PROVENANCE = { type: "provenance", builders: [BUILDER], sources: [SOURCE] };

/** Through the parser, so that a test cannot ask for what no policy can say. `rule`: fields of the one evidence rule. */
export function written(changes: Json): Policy {
  const evidence = [{ devices: { all: true }, modules: { team: "acme" }, ...changes.rule }];
  const { rule: _, ...rest } = changes;
  return unwrap(parsePolicy(utf8(JSON.stringify({ ...policy(), evidence, ...rest }))));
}

/** One rule with one requirement on provenance. */
export const asking = (require: Json, more: Json = {}) =>
  written({ rule: { require: [{ ...PROVENANCE, ...require }] }, ...more });

export const isPolicy = (text: Json) => parsePolicy(utf8(JSON.stringify({ ...policy(), ...text }))).ok;
