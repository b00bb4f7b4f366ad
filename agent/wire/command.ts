/**
 * The signed command (DESIGN section 3.2): a DSSE envelope on `dn/cmd/<verb>`, signed by an operator key that the owner's
 * policy names, for one device, with an expiry and a sequence number per (operator key, device). Commands narrow
 * authority or repeat what is already desired; none can widen it. MQTT carries it and proves nothing.
 */
import { deviceId, moduleName, tenantId } from "../../runtime/kernel/brand.ts";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { canonicalJson } from "../../runtime/kernel/canonical.ts";
import { signEnvelope } from "../../runtime/kernel/dsse.ts";
import type { Fault } from "../../runtime/kernel/fault.ts";
import type { Result } from "../../runtime/kernel/result.ts";
import {
  type Infer,
  integer,
  object,
  oneOf,
  parseJson,
  refined,
  string,
  variants,
} from "../../runtime/kernel/shape.ts";
import type { Signer } from "../../runtime/kernel/signer.ts";

export const COMMAND_TYPE = "application/vnd.sallyport.command+json";
export const COMMAND_BYTES_MAX = 16_384;

const common = {
  schema: oneOf("sallyport.command/1"),
  id: string({ min: 8, max: 64 }),
  tenant: tenantId,
  device: deviceId,
  issuedAt: integer({ min: 0, max: 2 ** 53 - 1 }),
  notAfter: integer({ min: 0, max: 2 ** 53 - 1 }),
  /** Strictly rising per (operator key, device); gaps are allowed. */
  seq: integer({ min: 1, max: 2 ** 53 - 1 }),
};

const nonce = refined(
  string({ max: 64 }),
  (text) => /^(?:[0-9a-f]{2}){16,32}$/.test(text),
  "32 to 64 lower-case hex digits",
);

export const commandShape = variants("verb", {
  revoke: object({
    ...common,
    verb: oneOf("revoke"),
    args: object({
      module: moduleName,
      /** A capability id such as `gpio:fan`, or `*` for all of the module's. */
      capability: string({ min: 1, max: 100 }),
      reason: string({ max: 300 }),
    }),
  }),
  restart: object({ ...common, verb: oneOf("restart"), args: object({ module: moduleName }) }),
  refresh: object({ ...common, verb: oneOf("refresh"), args: object({}) }),
  /** Makes the board attest what it runs, with the asker's nonce: 128 to 256 bits in lower-case hex. */
  attest: object({ ...common, verb: oneOf("attest"), args: object({ nonce }) }),
});
export type Command = Infer<typeof commandShape>;
export type Verb = Command["verb"];

export function parseCommand(payload: Uint8Array): Result<Command, Fault> {
  return parseJson(commandShape, payload, "the command", COMMAND_BYTES_MAX);
}

export async function signCommand(command: Command, signer: Signer): Promise<Uint8Array> {
  const envelope = await signEnvelope(COMMAND_TYPE, utf8(canonicalJson(command)), [signer]);
  return utf8(canonicalJson(envelope));
}
