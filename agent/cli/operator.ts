/** What the operator's verbs share: options for broker and credentials, and sending one signed command. */
import { connectOperator, type OperatorLink } from "../../fleet/index.ts";
import { type DeviceId, deviceId, type TenantId, tenantId } from "../../runtime/kernel/brand.ts";
import { hex } from "../../runtime/kernel/bytes.ts";
import { nodeClock, nodeRandom } from "../../runtime/kernel/node-world.ts";
import type { Signer } from "../../runtime/kernel/signer.ts";
import { cliFault } from "../faults.ts";
import { type Command, signCommand } from "../wire/index.ts";
import { readSigner, readText } from "./files.ts";
import type { Args, Io, OptionSpec } from "./verb.ts";

export const LINK_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  broker: { value: "URL", required: true, help: "mqtt:// or mqtts:// URL" },
  username: { value: "NAME", default: "operator", help: "broker user name" },
  "password-file": { value: "FILE", required: true, help: "file with the broker password" },
  tenant: { value: "NAME", required: true, help: "tenant" },
  device: { value: "ID", required: true, help: "the device" },
};

export const COMMAND_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  ...LINK_OPTIONS,
  key: { value: "FILE", required: true, help: "operator key that the owner's policy names" },
  timeout: { value: "SECONDS", default: "15", help: "how long to wait for the device's answer" },
  "valid-for": { value: "SECONDS", default: "3600", help: "how long the command may still be taken" },
};

export interface Connected {
  readonly link: OperatorLink;
  readonly device: DeviceId;
  readonly tenant: TenantId;
}

export async function connect(args: Args): Promise<Connected> {
  const tenant = args.parsed("tenant", tenantId);
  const url = args.text("broker");
  const password = readText(args.text("password-file")).trim();
  const link = await connectOperator({ url, username: args.text("username"), password, tenant });
  return { link, tenant, device: args.parsed("device", deviceId) };
}

type Order =
  | Pick<Extract<Command, { verb: "revoke" }>, "verb" | "args">
  | Pick<Extract<Command, { verb: "restart" }>, "verb" | "args">
  | Pick<Extract<Command, { verb: "refresh" }>, "verb" | "args">
  | Pick<Extract<Command, { verb: "attest" }>, "verb" | "args">;

/** Connects, sends, tells the device's answer. Returns the exit status. */
export async function sendOrder(args: Args, io: Io, order: Order): Promise<number> {
  const signer = readSigner(args.text("key"));
  const connected = await connect(args);
  try {
    io.out(await carryOut(connected, args, order, signer));
    return 0;
  } finally {
    await connected.link.close();
  }
}

/** Signs, sends, waits: the device's answer in one line. Throws CLI_TIMEOUT and CLI_REMOTE. */
export async function carryOut(
  { link, device, tenant }: Connected,
  args: Args,
  order: Order,
  signer: Signer,
): Promise<string> {
  const issuedAt = nodeClock.now();
  const id = hex(nodeRandom.bytes(8));
  const validForMs = args.integer("valid-for", { min: 1, max: 604_800 }) * 1000;
  // Milliseconds rise strictly enough for a person at a keyboard, and gaps are allowed.
  const common = {
    schema: "sallyport.command/1",
    id,
    tenant,
    device,
    issuedAt,
    notAfter: issuedAt + validForMs,
    seq: issuedAt,
  } as const;
  const command = { ...common, ...order } as Command;
  const seconds = args.integer("timeout", { min: 1, max: 3600 });
  const answer = link.awaitResult(device, id, seconds * 1000);
  await link.sendCommand(device, command.verb, await signCommand(command, signer));
  const result = await answer;
  if (result === undefined) throw cliFault("CLI_TIMEOUT", { device, seconds });
  if (!result.ok) throw cliFault("CLI_REMOTE", { device, reason: `${result.code ?? ""}: ${result.reason ?? ""}` });
  return `${device} took ${command.verb} ${id}${result.reason === undefined ? "" : `: ${result.reason}`}`;
}
