/**
 * Judges a command: pure, no effect. Signature by an operator key that the owner's policy names for this device and verb;
 * made for this device, tenant and topic; within its time; with a sequence number above the last one taken.
 */
import { type DeviceFacts, matchesDevice, type Operator } from "../../runtime/kernel/authority/ceiling.ts";
import type { DeviceId, TenantId } from "../../runtime/kernel/brand.ts";
import { type Envelope, parseEnvelope, verifyEnvelope } from "../../runtime/kernel/dsse.ts";
import { err, ok, type Result } from "../../runtime/kernel/result.ts";
import { parsePublicKey } from "../../runtime/kernel/signer.ts";
import { COMMAND_BYTES_MAX, COMMAND_TYPE, type Command, parseCommand } from "../wire/index.ts";
import { commandFault } from "./faults.ts";

export interface CommandInput {
  /** The verb in the topic the message came on. */
  readonly topicVerb: string;
  readonly bytes: Uint8Array;
  readonly device: DeviceId;
  readonly tenant: TenantId;
  readonly operators: readonly Operator[];
  readonly deviceFacts: DeviceFacts;
  /** Trusted time, milliseconds. */
  readonly now: number;
  /** Set while the board's clock is not believed (DESIGN section 3.5): the last signed time, milliseconds. */
  readonly suspectSince?: number | undefined;
  /** Highest sequence number taken from a key. */
  lastSeq(keyId: string): number;
}

export interface JudgedCommand {
  readonly command: Command;
  readonly keyId: string;
  readonly operator: string;
}

/** How far ahead an operator's clock may be. */
const CLOCK_SKEW_MS = 300_000;
/** A command is for now; what is valid for longer is a mistake or a trap. */
const VALIDITY_MAX_MS = 8 * 86_400_000;

export function judgeCommand(input: CommandInput): Result<JudgedCommand> {
  const topic = `dn/cmd/${input.topicVerb}`;
  const envelope = parseEnvelope(input.bytes, "the command", COMMAND_BYTES_MAX);
  if (!envelope.ok) {
    // Plain JSON that is a command but in no envelope is the commonest forgery: call it what it is.
    const unsigned = parseCommandLike(input.bytes);
    const facts = { topic, reason: envelope.error.message };
    return err(commandFault(unsigned ? "COMMAND_UNSIGNED" : "COMMAND_MALFORMED", facts, envelope.error));
  }
  const signed = signedBy(envelope.value, input, topic);
  if (!signed.ok) return signed;
  const { operator, keyId, payload } = signed.value;
  const command = parseCommand(payload);
  if (!command.ok)
    return err(commandFault("COMMAND_MALFORMED", { topic, reason: command.error.message }, command.error));
  const standing =
    mayCommand(command.value, operator, keyId, input) ??
    isTimely(command.value, input) ??
    isNew(command.value, keyId, input);
  return standing === undefined ? ok({ command: command.value, keyId, operator: operator.name }) : err(standing);
}

/** The signature check: the first operator of the policy whose key signed this envelope. */
function signedBy(
  envelope: Envelope,
  input: CommandInput,
  topic: string,
): Result<{ readonly operator: Operator; readonly keyId: string; readonly payload: Uint8Array }> {
  for (const operator of input.operators) {
    const key = parsePublicKey(operator.publicKey, `the key of operator ${operator.name}`);
    if (!key.ok) continue;
    const verified = verifyEnvelope(envelope, {
      what: "the command",
      payloadType: COMMAND_TYPE,
      keys: [key.value],
      threshold: 1,
    });
    if (verified.ok) return ok({ operator, keyId: key.value.keyId, payload: verified.value.payload });
  }
  return err(commandFault("COMMAND_UNSIGNED", { topic }));
}

function mayCommand(command: Command, operator: Operator, keyId: string, input: CommandInput) {
  const { device, tenant, topicVerb } = input;
  if (command.device !== device || command.tenant !== tenant || command.verb !== topicVerb) {
    return commandFault("COMMAND_WRONG_DEVICE", {
      found: `${command.tenant}/${command.device} (${command.verb})`,
      device: `${tenant}/${device} (${topicVerb})`,
    });
  }
  // A policy may name one key several times, for other verbs or other devices: any entry that allows it is enough.
  const named = input.operators.filter((one) => keyIdOf(one) === keyId);
  if (!named.some((one) => one.verbs.includes(command.verb) && matchesDevice(one.devices, input.deviceFacts))) {
    return commandFault("COMMAND_FORBIDDEN", { operator: operator.name, verb: command.verb, device });
  }
  return undefined;
}

function keyIdOf(operator: Operator): string | undefined {
  const key = parsePublicKey(operator.publicKey);
  return key.ok ? key.value.keyId : undefined;
}

function isTimely({ id, verb, issuedAt, notAfter }: Command, { now, suspectSince: floor }: CommandInput) {
  const isShort = notAfter > issuedAt && notAfter - issuedAt <= VALIDITY_MAX_MS;
  // What the clock says counts for nothing then: what narrows, looks again or only tells is taken, not twice (its number), and not
  // if it expired before the last signed time.
  if (floor !== undefined) {
    if (verb === "restart") return commandFault("COMMAND_CLOCK_SUSPECT", { id, verb });
    if (isShort && floor <= notAfter) return undefined;
  } else if (isShort && issuedAt <= now + CLOCK_SKEW_MS && now <= notAfter) return undefined;
  return commandFault("COMMAND_EXPIRED", { id, notAfter: time(notAfter), now: time(now) });
}

/** The sequence check: per operator key and device the numbers rise; gaps are allowed, equal or lower is a replay. */
function isNew({ id, seq }: Command, keyId: string, input: CommandInput) {
  const last = input.lastSeq(keyId);
  return seq > last ? undefined : commandFault("COMMAND_REPLAYED", { id, seq, last });
}

function time(ms: number): string {
  return ms <= 8.64e15 ? new Date(ms).toISOString() : String(ms);
}

function parseCommandLike(bytes: Uint8Array): boolean {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes.subarray(0, COMMAND_BYTES_MAX)));
    return typeof value === "object" && value !== null && "verb" in value;
  } catch {
    return false;
  }
}
