/** What the tests of the predicates share: a verified statement with a predicate, and the circumstances of a judgement. */
import type { Candidate, Circumstances, Examined } from "../../../../attest/candidate.ts";
import type { Statement } from "../../../../attest/statement.ts";
import type { Sha256 } from "../../../../runtime/kernel/brand.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { type Infer, object, parseShape, type Shape } from "../../../../runtime/kernel/shape.ts";
import { ARTIFACTS, MODULE } from "../release.ts";

export const NOW = Date.UTC(2026, 10, 21, 12);
export const DAY = 86_400_000;

/** Read from JSON, as every predicate is; `predicate` may be the text itself. */
export function candidate(predicateType: string, predicate: unknown, signedTimesMs: readonly number[] = []): Candidate {
  const statement: Statement = {
    _type: "https://in-toto.io/Statement/v1",
    subject: ARTIFACTS.map(({ name, sha256 }) => ({ name, digest: { sha256 } })),
    predicateType,
    predicate: JSON.parse(typeof predicate === "string" ? predicate : JSON.stringify(predicate)),
  };
  return { index: 0, statement, signers: [{ keyId: "0".repeat(64) as Sha256 }], signedTimesMs };
}

export function circumstances(nowMs = NOW): Circumstances {
  return { nowMs, module: MODULE, artifacts: ARTIFACTS, levelOf: () => 0 };
}

/** What the owner asks, read as the policy would read it. */
export function asked<const F extends Readonly<Record<string, Shape<unknown>>>>(
  fields: F,
  value: unknown,
): Infer<ReturnType<typeof object<F>>> {
  return unwrap(parseShape(object(fields), value, "the requirement")) as Infer<ReturnType<typeof object<F>>>;
}

/** `check: CODE` of each refusal, `check: -` of each check that was not made, and nothing of what passed. */
export function refusals({ reasons }: Pick<Examined, "reasons">): readonly string[] {
  return reasons.filter((one) => !one.passed).map((one) => `${one.check}: ${one.code ?? "-"}`);
}

export function texts({ reasons }: Pick<Examined, "reasons">): string {
  return reasons.map((one) => one.text).join("\n");
}
