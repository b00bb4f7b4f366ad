/** The attestations that the fuzzer starts from, as `make-fixtures.ts` wrote them. Bytes are base64. */
import { readFileSync } from "node:fs";
import type { Artifact } from "../../../attest/index.ts";

export const FIXTURES = new URL("./fixtures.json", import.meta.url);

export interface Fixtures {
  readonly nowMs: number;
  readonly trustedRoot: string;
  readonly artifacts: readonly Artifact[];
  readonly attestations: Readonly<Record<string, string>>;
  /** Of those that sign without a certificate, PEM. */
  readonly keys: { readonly reviewer: string; readonly laboratory: string };
  readonly runtime: { readonly nowMs: number; readonly envelope: string; readonly reference: object };
}

export function readFixtures(): Fixtures {
  return JSON.parse(readFileSync(FIXTURES, "utf8"));
}

export const decoded = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64"));
