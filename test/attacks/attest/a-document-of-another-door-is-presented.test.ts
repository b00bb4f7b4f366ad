/** Another kind of document: one key signs for several doors, and what it signed for one is shown at the other. */
import { describe, expect, it } from "vitest";
import { judgeCommand } from "../../../agent/link/commands.ts";
import { type Command, parseCommand, signCommand } from "../../../agent/wire/index.ts";
import { parsePolicy } from "../../../attest/index.ts";
import { operatorShape } from "../../../runtime/kernel/authority/ceiling.ts";
import { deviceId, tenantId } from "../../../runtime/kernel/brand.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { parseShape } from "../../../runtime/kernel/shape.ts";
import { envelope, newSigner, provenanceBy } from "../../unit/attest/own-keys.ts";
import { DEVICE, type Json } from "../../unit/attest/release.ts";
import { sees } from "../updater/sees.ts";
import { accepts, door, keyPolicy, refuses } from "./door.ts";

const at = door();
const key = newSigner();
const policy = keyPolicy([key]);
const device = unwrap(parseShape(deviceId, "board-1", "the test's device"));
const tenant = unwrap(parseShape(tenantId, "acme", "the test's tenant"));

const command: Command = unwrap(
  parseCommand(
    utf8(
      JSON.stringify({
        ...{ schema: "sallyport.command/1", id: "00000001", tenant, device, verb: "refresh", args: {} },
        ...{ issuedAt: 1000, notAfter: 2000, seq: 1 },
      }),
    ),
  ),
);
const operator = { name: "ops", publicKey: key.publicPem, devices: { all: true }, verbs: ["refresh"] };
const commanded = (bytes: Uint8Array) =>
  judgeCommand({
    ...{ topicVerb: "refresh", bytes, device, tenant, deviceFacts: DEVICE, now: 1500, lastSeq: () => 0 },
    operators: [unwrap(parseShape(operatorShape, operator, "the operator"))],
  });

describe("what one key signed for another door", () => {
  it("is no attestation: a command, though the key may sign both", async () => {
    accepts(at.ask(await provenanceBy(key), { policy }));
    const signed = await signCommand(command, key);
    expect(commanded(signed).ok).toBe(true);
    const said = /carries payload type .*command.*, expected application\/vnd\.in-toto\+json$/;
    refuses(at.ask(signed, { policy }), "ATTEST_BUNDLE_INVALID", "refusal", said);
  });

  it("is no command: an attestation, also one whose payload is a command", async () => {
    sees(commanded(await provenanceBy(key)), "COMMAND_UNSIGNED", "attack", /dn\/cmd\/refresh/);
    const dressed = await envelope(utf8(JSON.stringify(command)), key);
    sees(commanded(dressed), "COMMAND_UNSIGNED", "attack", /dn\/cmd\/refresh/);
    refuses(at.ask(dressed, { policy }), "ATTEST_STATEMENT_INVALID", "refusal", /_type/);
  });

  it("is no attestation: metadata of the repositories, nor the policy itself", async () => {
    const targets: Json = {
      signed: { _type: "targets", version: 1, targets: {} },
      signatures: [{ keyid: "0", sig: "00" }],
    };
    const said = /^the attestation bundle cannot be used: /;
    for (const document of [targets, policy]) {
      const bytes = utf8(JSON.stringify(document));
      refuses(at.ask(bytes, { policy }), "ATTEST_BUNDLE_INVALID", "refusal", said);
      refuses(at.ask(await envelope(bytes, key), { policy }), "ATTEST_STATEMENT_INVALID", "refusal", /_type/);
    }
    sees(parsePolicy(at.honest), "SHAPE_MISMATCH", "refusal", /^the policy: /);
  });
});
