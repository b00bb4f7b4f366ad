/** The owner's policy under which the fixtures are judged: it asks for all of them, in every way that a policy has. */
import type { Policy } from "../../../attest/index.ts";
import { parsePolicy } from "../../../attest/index.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { BUILDER, IDENTITY, SOURCE } from "../../unit/attest/release.ts";

export const REVIEW = "https://review.example/v1";
export const TESTED = "https://in-toto.io/attestation/test-result/v0.1";

/** Keys are PEM. */
export function policyBytes(keys: { readonly reviewer: string; readonly laboratory: string }): Uint8Array {
  return utf8(
    JSON.stringify({
      schema: "sallyport.policy/1",
      version: 1,
      parties: [
        { name: "builders", identities: [{ ...IDENTITY }] },
        { name: "reviewers", keys: [keys.reviewer] },
        { name: "laboratory", keys: [keys.laboratory] },
      ],
      builders: [{ id: BUILDER, level: 3 }],
      revoked: [{ builder: "https://ci.example/old", reason: "closed down", running: "flag" }],
      evidence: [
        {
          devices: { class: "gateway" },
          modules: { team: "acme" },
          regions: ["eu"],
          identities: [IDENTITY],
          builders: [BUILDER],
          sources: [SOURCE],
          require: [
            {
              type: "predicate",
              predicateTypes: [REVIEW],
              parties: ["reviewers"],
              fields: [{ at: "/predicate/approved", equals: true }],
            },
            {
              type: "predicate",
              predicateTypes: [TESTED],
              parties: ["laboratory"],
              fields: [{ at: "/predicate/result", equals: "PASSED" }],
            },
            {
              type: "provenance",
              parties: ["builders", "laboratory"],
              threshold: 1,
              maxAgeDays: 3650,
              builders: [BUILDER],
              sources: [SOURCE],
            },
          ],
        },
      ],
      ceilings: [],
      operators: [],
    }),
  );
}

export const policyOf = (keys: Parameters<typeof policyBytes>[0]): Policy => unwrap(parsePolicy(policyBytes(keys)));
