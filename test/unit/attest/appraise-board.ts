/** What the appraiser's tests share: a board that says what it runs, and the reference values it is held against. */
import {
  type AppraisalInput,
  appraise,
  parseReference,
  type Quoter,
  type Reference,
  type Remembered,
  type RuntimeFacts,
  type RuntimeModule,
  signRuntimeStatement,
} from "../../../attest/index.ts";
import { runtimePredicate } from "../../../attest/runtime-statement.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { sha256 } from "../../../runtime/kernel/digest.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { parseShape } from "../../../runtime/kernel/shape.ts";
import { generateKeyPem, parseSigner } from "../../../runtime/kernel/signer.ts";

export const NOW = Date.UTC(2026, 10, 21, 12);
export const NONCE = "00112233445566778899aabbccddeeff";
export const KEY = unwrap(parseSigner(generateKeyPem()));
export const OTHER_KEY = unwrap(parseSigner(generateKeyPem()));
export const BOOT_ID = "0e3b1f5c-7f5e-4a34-9d5c-2b1d4f6a8c90";
export const digestOf = (text: string) => sha256(utf8(text));
const versions = (root: number, targets: number) => ({ root, timestamp: 20, snapshot: 10, targets });

export const CLIMATE = {
  team: "acme",
  name: "room-climate",
  version: "1.0.0",
  digest: digestOf("climate 1.0.0"),
  manifest: digestOf("manifest"),
  state: "running",
  restarts: 0,
  grantsDigest: digestOf("grants"),
} as unknown as RuntimeModule;

export function facts(changes: object = {}): RuntimeFacts {
  const document = {
    tenant: "home",
    device: "porch-1",
    agent: { version: "0.1.0", digest: digestOf("agent") },
    engine: { tier: "metered" },
    modules: [CLIMATE],
    policy: { version: 3, digest: digestOf("policy") },
    metadata: { image: versions(1, 5), director: versions(1, 7) },
    boot: { count: 4, id: BOOT_ID },
    counter: 12,
    timeMs: NOW - 60_000,
    timeFloorMs: NOW - 86_400_000,
    claims: [{ kind: "device-key" }],
    ...changes,
  };
  const { claims: _, ...rest } = unwrap(parseShape(runtimePredicate, document, "facts"));
  return rest;
}

/** The board's word: an envelope. */
export function say(changes: object = {}, by: { device?: typeof KEY; tpm?: Quoter } = {}): Promise<Uint8Array> {
  return signRuntimeStatement(facts(changes), { device: KEY, ...by });
}

export function reference(changes: object = {}): Reference {
  const document = {
    schema: "sallyport.reference/1",
    tenant: "home",
    device: "porch-1",
    keys: [KEY.publicPem],
    maxAgeS: 3600,
    ...changes,
  };
  return unwrap(parseReference(utf8(JSON.stringify(document))));
}

/** The status, then the code of each refusal. */
export function judged(envelope: Uint8Array | undefined, more: Partial<AppraisalInput> = {}): readonly string[] {
  const { status, reasons } = appraise({ envelope, reference: reference(), before: undefined, nowMs: NOW, ...more });
  return [status, ...reasons.flatMap(({ code }) => code ?? [])];
}

/** What an appraiser remembers after the board's word of `changes`. */
export async function memoryOf(changes: object = {}): Promise<Remembered> {
  const { remembered } = appraise({
    envelope: await say(changes),
    reference: reference(),
    before: undefined,
    nowMs: NOW,
  });
  if (remembered === undefined) throw new Error("the first word is remembered");
  return remembered;
}
