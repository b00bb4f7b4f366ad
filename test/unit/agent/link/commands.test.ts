/** Commands: what an attacker who owns the broker can make a board do, which is nothing. */
import { describe, expect, it } from "vitest";
import { judgeCommand } from "../../../../agent/link/commands.ts";
import { type Command, parseCommand, signCommand } from "../../../../agent/wire/index.ts";
import { deviceId, tenantId } from "../../../../runtime/kernel/brand.ts";
import { utf8 } from "../../../../runtime/kernel/bytes.ts";
import { signEnvelope } from "../../../../runtime/kernel/dsse.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { parseShape } from "../../../../runtime/kernel/shape.ts";
import { generateKeyPem, parseSigner } from "../../../../runtime/kernel/signer.ts";

const NOW = 1_800_000_000_000;
const device = unwrap(parseShape(deviceId, "porch-1", "device"));
const tenant = unwrap(parseShape(tenantId, "demo", "tenant"));
const [alice, bob] = [unwrap(parseSigner(generateKeyPem())), unwrap(parseSigner(generateKeyPem()))];
const operator = (name: string, publicKey: string, over = {}) => ({
  name,
  publicKey,
  devices: { all: true },
  verbs: ["revoke", "restart", "refresh", "attest"] as const,
  ...over,
});
const command = (over: object = {}): Command =>
  unwrap(
    parseCommand(
      utf8(
        JSON.stringify({
          schema: "sallyport.command/1",
          id: "0123456789",
          tenant,
          device,
          issuedAt: NOW,
          notAfter: NOW + 60_000,
          seq: 5,
          verb: "revoke",
          args: { module: "room-climate", capability: "gpio:fan", reason: "" },
          ...over,
        }),
      ),
    ),
  );
const judge = (bytes: Uint8Array, over: object = {}) => {
  const result = judgeCommand({
    topicVerb: "revoke",
    bytes,
    device,
    tenant,
    operators: [operator("alice", alice.publicPem)],
    deviceFacts: { id: device, class: "porch", region: "eu" },
    now: NOW,
    lastSeq: () => 4,
    ...over,
  });
  return result.ok ? `taken from ${result.value.operator}` : result.error.code;
};

describe("a command", () => {
  it("is taken from an operator whom the policy names", async () => {
    expect(judge(await signCommand(command(), alice))).toBe("taken from alice");
  });

  it("is refused unsigned, signed by a stranger, or changed after it was signed", async () => {
    expect(judge(utf8(JSON.stringify(command())))).toBe("COMMAND_UNSIGNED");
    expect(judge(await signCommand(command(), bob))).toBe("COMMAND_UNSIGNED");
    const signed = JSON.parse(new TextDecoder().decode(await signCommand(command(), alice)));
    const payload = Buffer.from(
      JSON.stringify(command({ args: { module: "other", capability: "*", reason: "" } })),
    ).toString("base64");
    expect(judge(utf8(JSON.stringify({ ...signed, payload })))).toBe("COMMAND_UNSIGNED");
    expect(judge(await signCommand(command(), alice), { operators: [] })).toBe("COMMAND_UNSIGNED");
  });

  it("is refused when the operator's signature is over another kind of document", async () => {
    const envelope = await signEnvelope("application/vnd.in-toto+json", utf8(JSON.stringify(command())), [alice]);
    expect(judge(utf8(JSON.stringify(envelope)))).toBe("COMMAND_UNSIGNED");
  });

  it("counts while the clock is in doubt if it narrows or looks again, whatever the clock says of its time", async () => {
    const suspect = { now: NOW + 900 * 86_400_000, suspectSince: NOW - 200 * 86_400_000 };
    const revoke = await signCommand(command(), alice);
    expect(judge(revoke, { now: suspect.now })).toBe("COMMAND_EXPIRED");
    expect(judge(revoke, suspect)).toBe("taken from alice");
    expect(judge(revoke, { ...suspect, lastSeq: () => 5 })).toBe("COMMAND_REPLAYED");
    const refresh = await signCommand(command({ verb: "refresh", args: {} }), alice);
    expect(judge(refresh, { ...suspect, topicVerb: "refresh" })).toBe("taken from alice");
    const attest = await signCommand(command({ verb: "attest", args: { nonce: "00".repeat(16) } }), alice);
    expect(judge(attest, { ...suspect, topicVerb: "attest" })).toBe("taken from alice");
    const restart = await signCommand(command({ verb: "restart", args: { module: "room-climate" } }), alice);
    expect(judge(restart, { ...suspect, topicVerb: "restart" })).toBe("COMMAND_CLOCK_SUSPECT");
    expect(judge(revoke, { ...suspect, suspectSince: NOW + 120_000 })).toBe("COMMAND_EXPIRED");
    const long = await signCommand(command({ notAfter: NOW + 9 * 86_400_000 }), alice);
    expect(judge(long, suspect)).toBe("COMMAND_EXPIRED");
  });

  it("is refused a second time, and with any number not above the last one taken from that key", async () => {
    const bytes = await signCommand(command(), alice);
    expect(judge(bytes, { lastSeq: () => 5 })).toBe("COMMAND_REPLAYED");
    expect(judge(bytes, { lastSeq: () => 6 })).toBe("COMMAND_REPLAYED");
    expect(judge(bytes, { lastSeq: (key: string) => (key === alice.keyId ? 0 : 99) })).toBe("taken from alice");
  });

  it("to attest carries a nonce of 128 to 256 bits", () => {
    const asked = (nonce: string) => {
      const bytes = JSON.stringify({ ...command(), verb: "attest", args: { nonce } });
      return parseCommand(utf8(bytes)).ok;
    };
    expect(["00".repeat(16), "ff".repeat(32)].map(asked)).toEqual([true, true]);
    expect(["", "00".repeat(15), "00".repeat(33), `${"00".repeat(16)}0`, "FF".repeat(16)].map(asked)).toEqual(
      Array(5).fill(false),
    );
  });

  it("is refused for another board, another tenant or under another verb's topic", async () => {
    expect(judge(await signCommand(command({ device: "porch-2" }), alice))).toBe("COMMAND_WRONG_DEVICE");
    expect(judge(await signCommand(command({ tenant: "other" }), alice))).toBe("COMMAND_WRONG_DEVICE");
    expect(judge(await signCommand(command(), alice), { topicVerb: "restart" })).toBe("COMMAND_WRONG_DEVICE");
  });

  it("is refused after its expiry, from the future, and when it would be valid for ever", async () => {
    expect(judge(await signCommand(command(), alice), { now: NOW + 60_001 })).toBe("COMMAND_EXPIRED");
    expect(judge(await signCommand(command({ issuedAt: NOW + 600_000, notAfter: NOW + 700_000 }), alice))).toBe(
      "COMMAND_EXPIRED",
    );
    expect(judge(await signCommand(command({ notAfter: NOW + 400 * 86_400_000 }), alice))).toBe("COMMAND_EXPIRED");
  });

  it("is refused from an operator who may not do this, or not here", async () => {
    const bytes = await signCommand(command(), alice);
    expect(judge(bytes, { operators: [operator("alice", alice.publicPem, { verbs: ["refresh"] })] })).toBe(
      "COMMAND_FORBIDDEN",
    );
    expect(judge(bytes, { operators: [operator("alice", alice.publicPem, { devices: { class: "cellar" } })] })).toBe(
      "COMMAND_FORBIDDEN",
    );
  });

  it("is taken when any of several entries for the same key allows it, and only then", async () => {
    const bytes = await signCommand(command(), alice);
    const entry = (over: object) => operator("alice", alice.publicPem, over);
    const [cellar, porch] = [entry({ devices: { class: "cellar" } }), entry({ devices: { class: "porch" } })];
    expect(judge(bytes, { operators: [cellar, porch] })).toBe("taken from alice");
    // Half an entry each does not make a whole one.
    expect(judge(bytes, { operators: [cellar, entry({ verbs: ["refresh"] })] })).toBe("COMMAND_FORBIDDEN");
    expect(judge(bytes, { operators: [cellar, operator("bob", bob.publicPem)] })).toBe("COMMAND_FORBIDDEN");
  });

  it("is refused when it is no command at all", async () => {
    for (const text of ["", "{}", "[]", "null", '{"payloadType":1}', "x".repeat(100_000)])
      expect(judge(utf8(text))).toBe("COMMAND_MALFORMED");
    const envelope = await signEnvelope("application/vnd.sallyport.command+json", utf8("{}"), [alice]);
    expect(judge(utf8(JSON.stringify(envelope)))).toBe("COMMAND_MALFORMED");
  });
});
