/** A board whose keys are in a TPM: it signs, quotes, attests over a broker, and an appraiser tells what that proves. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { verb as provision } from "../../agent/cli/provision.ts";
import { parseVerbArgs } from "../../agent/cli/verb.ts";
import { provisionBoard, readBoard } from "../../agent/provision/device.ts";
import { openTpm } from "../../agent/tpm/tools.ts";
import { appraise, parseReference, signRuntimeStatement } from "../../attest/index.ts";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import { Fault } from "../../runtime/kernel/fault.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { Site } from "../e2e/site.ts";
import { guestRelease } from "../guests/guests.ts";
import { facts, NOW } from "../unit/attest/appraise-board.ts";
import { DEVICE_KEY, EC_QUOTE_KEY, RSA_QUOTE_KEY, SoftwareTpm } from "./swtpm.ts";

const folder = mkdtempSync(join(tmpdir(), "sallyport-tpm-test-"));
const scratch = join(folder, "scratch");
let chip: SoftwareTpm;
beforeAll(async () => {
  chip = await SoftwareTpm.start();
});
afterAll(async () => {
  await chip.stop();
  rmSync(folder, { recursive: true });
});

const tpm = () => openTpm({ tcti: chip.tcti }, scratch);
const deviceKey = () => unwrap(tpm().signer(DEVICE_KEY, chip.publicPem(DEVICE_KEY)));
const reference = (quoteKey: string, pcrs: object) =>
  unwrap(
    parseReference(
      utf8(
        JSON.stringify({
          ...{ schema: "sallyport.reference/1", tenant: "home", device: "porch-1", maxAgeS: 3600 },
          keys: [chip.publicPem(DEVICE_KEY)],
          tpm: { key: chip.publicPem(quoteKey), pcrs },
        }),
      ),
    ),
  );
const refusal = async (body: Promise<unknown>) => {
  const thrown = await body.catch((error: unknown) => error);
  return thrown instanceof Fault ? thrown.line() : String(thrown);
};

describe("a key in a TPM", () => {
  it("signs as any signer does, also many things at once, and leaves no file behind", async () => {
    const signer = deviceKey();
    const messages = Array.from({ length: 8 }, (_, n) => utf8(`message ${n}`));
    const signatures = await Promise.all(messages.map((one) => signer.sign(one)));
    expect(signatures).toHaveLength(8);
    const envelope = await signRuntimeStatement(facts(), { device: signer });
    const { tpm: _, ...plain } = reference(EC_QUOTE_KEY, {});
    expect(appraise({ envelope, reference: plain, before: undefined, nowMs: NOW }).status).toBe("verified");
    expect(readdirSync(scratch)).toEqual([]);
  });

  it("that is not the one on record is noticed before anything leaves the board", async () => {
    const signer = unwrap(tpm().signer(EC_QUOTE_KEY, chip.publicPem(DEVICE_KEY)));
    expect(await refusal(signer.sign(utf8("x")))).toContain(
      "TPM_TOOL: tpm2_sign did not do what was asked: its signature",
    );
  });

  it("that is not there, or behind a tool that is not there, is told in one line", async () => {
    const absent = unwrap(tpm().signer("0x81999999", chip.publicPem(DEVICE_KEY)));
    expect(await refusal(absent.sign(utf8("x")))).toContain("TPM_TOOL: tpm2_sign did not do what was asked");
    const gone = openTpm({ tcti: "swtpm:host=127.0.0.1,port=1" }, scratch);
    expect(await refusal(gone.publicPem(DEVICE_KEY))).toContain("TPM_TOOL: tpm2_readpublic");
  });
});

describe("a quote", () => {
  it.each([
    ["ECDSA", EC_QUOTE_KEY],
    ["RSA", RSA_QUOTE_KEY],
  ])("by a restricted key (%s) vouches for the statement and the measurements in it", async (_title, key) => {
    const measured = sha256(utf8(`something measured ${key}`));
    chip.extend(16, measured);
    const quoter = tpm().quoter({ key, registers: [16, 0, 16] });
    const envelope = await signRuntimeStatement(facts(), { device: deviceKey(), tpm: quoter });
    const look = (pcrs: object) =>
      appraise({ envelope, reference: reference(key, pcrs), before: undefined, nowMs: NOW });
    const { status, statement } = look({ "0": "00".repeat(32) });
    expect(status).toBe("verified");
    const claim = statement?.predicate.claims.find((one) => one.kind === "tpm-quote");
    expect(Object.keys(claim?.kind === "tpm-quote" ? claim.pcrs : {}).sort()).toEqual(["0", "16"]);
    expect(look({ "16": measured }).status).toBe("mismatch");
  });

  it("is not had by asking the restricted key to sign bytes that look like one", async () => {
    const attestation = Buffer.from("ff544347801800000000", "hex");
    const signer = unwrap(tpm().signer(EC_QUOTE_KEY, chip.publicPem(EC_QUOTE_KEY)));
    expect(await refusal(signer.sign(new Uint8Array(attestation)))).toContain("TPM_TOOL: tpm2_sign");
  });
});

describe("a board", () => {
  it("is provisioned with a key that never leaves the TPM", async () => {
    const site = await Site.open();
    try {
      const file = (name: string, bytes: Uint8Array | string) => {
        writeFileSync(join(folder, name), bytes);
        return join(folder, name);
      };
      const args = [
        ...["--dir", join(folder, "provisioned"), "--device", "porch-1", "--tenant", "home"],
        ...["--image-root", file("image.json", site.repo.imageRoot())],
        ...["--director-root", file("director.json", site.repo.directorRoot())],
        ...["--repo-url", "http://127.0.0.1:1", "--broker", "mqtt://127.0.0.1:1", "--password-file", file("pw", "x")],
        ...["--board", file("board.json", unwrap(readBoard(site.stage.path("board"))).board)],
        ...["--tpm-key", DEVICE_KEY, "--tpm-quote", EC_QUOTE_KEY, "--tpm-registers", "0,7", "--tpm-tcti", chip.tcti],
      ];
      const parsed = parseVerbArgs(provision, args);
      if (parsed === "help") throw new Error("these are no questions for help");
      const quiet = () => undefined;
      const io = { out: quiet, err: quiet, colour: false, signal: new AbortController().signal };
      expect(await provision.run(parsed, io)).toBe(0);
      const board = unwrap(readBoard(join(folder, "provisioned")));
      expect(board.key.publicPem).toBe(chip.publicPem(DEVICE_KEY));
      expect(readFileSync(join(folder, "provisioned", "device-key.pem"), "utf8")).not.toContain("PRIVATE");
      expect(await board.key.sign(utf8("x"))).toBeInstanceOf(Uint8Array);
      expect(board.config.tpm?.quote).toEqual({ key: EC_QUOTE_KEY, registers: [0, 7] });
    } finally {
      await site.close();
    }
  });

  /** A site whose board has its keys in the chip. */
  async function siteWith(its: SoftwareTpm): Promise<Site> {
    const site = await Site.open();
    const plain = unwrap(readBoard(site.stage.path("board")));
    rmSync(site.stage.path("board"), { recursive: true });
    const tpmConfig = { tcti: its.tcti, key: DEVICE_KEY, quote: { key: EC_QUOTE_KEY, registers: [0, 7] } };
    const config = { ...plain.config, tpm: tpmConfig };
    const publicKeyPem = its.publicPem(DEVICE_KEY);
    unwrap(provisionBoard(site.stage.path("board"), { ...plain, config, publicKeyPem }));
    return site;
  }

  it("whose chip is gone goes on running what it runs, and says that it cannot attest", async () => {
    const its = await SoftwareTpm.start();
    const site = await siteWith(its);
    try {
      await site.start();
      await site.install(guestRelease("counter", { name: "counter" }));
      await its.stop();
      const from = site.observer.mark();
      const refused = await site.order("attest", { nonce: "ab".repeat(16) });
      expect([refused.get("ok"), refused.get("code")]).toEqual([false, "TPM_TOOL"]);
      await site.observer.event("attestation.failed", "TPM_TOOL", from);
      expect((await site.order("refresh", {})).get("ok")).toBe(true);
      await site.telemetry("counter", "count", site.observer.mark());
      await site.install(guestRelease("counter", { name: "second" }));
      expect(site.log.filter((line) => line.includes("broke off"))).toEqual([]);
    } finally {
      await site.close();
      await its.stop();
    }
  });

  it("attests over the broker what the chip vouches for", async () => {
    const site = await siteWith(chip);
    try {
      await site.start();
      await site.install(guestRelease("counter", { name: "counter" }));
      const nonce = "ab".repeat(16);
      const from = site.observer.mark();
      expect((await site.order("attest", { nonce })).get("ok")).toBe(true);
      const answer = await site.observer.until(
        "the answer",
        (one) => one.topic === "up/att" && carries(one.text, nonce),
        {
          from,
        },
      );
      const { tenant, device } = site.stage;
      const expected = { ...reference(EC_QUOTE_KEY, { "0": "00".repeat(32) }), tenant, device };
      const asked = { envelope: utf8(answer.text), before: undefined, nonce, nowMs: Date.now() };
      expect(appraise({ ...asked, reference: expected })).toMatchObject({ status: "verified" });
      const measured = reference(EC_QUOTE_KEY, { "7": "11".repeat(32) });
      expect(appraise({ ...asked, reference: { ...measured, tenant, device } }).status).toBe("mismatch");
    } finally {
      await site.close();
    }
  });
});

function carries(text: string, nonce: string): boolean {
  return Buffer.from(JSON.parse(text).payload, "base64").toString().includes(nonce);
}
