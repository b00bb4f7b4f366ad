/** Made to hurt: an attestation of fifty megabytes, handed to the judge or put where a board would fetch it. */
import { describe, expect, it } from "vitest";
import { type AdmitContext, admit } from "../../../agent/flow/admit.ts";
import { createJudge, parseTrustedRoot, STATEMENT_PAYLOAD_TYPE } from "../../../attest/index.ts";
import { concatBytes, utf8 } from "../../../runtime/kernel/bytes.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { newSigner } from "../../unit/attest/own-keys.ts";
import { altered, DEVICE, type Json } from "../../unit/attest/release.ts";
import { DEVICE as DEVICE_ID, desired, makeReadySite } from "../../unit/updater/site.ts";
import { sees } from "../updater/sees.ts";
import { accepts, cpuMs, door, keylessPolicy, keyPolicy, refuses } from "./door.ts";

const at = door();
const key = newSigner();
const SIZE = 50_000_000;
const CPU_MS = 1000;
const payload = "A".repeat(SIZE);

describe("fifty megabytes", () => {
  it.each<[string, () => Uint8Array]>([
    [
      "a plain envelope",
      () => utf8(JSON.stringify({ payload, payloadType: STATEMENT_PAYLOAD_TYPE, signatures: [{ sig: "AAAA" }] })),
    ],
    ["a bundle", () => altered(at.honest, (json: Json) => Object.assign(json.dsseEnvelope, { payload }))],
    ["white space before a bundle", () => concatBytes(utf8(" ".repeat(SIZE)), at.honest)],
    ["empty lines after a bundle", () => concatBytes(at.honest, utf8("\n".repeat(SIZE)))],
    ["one opening bracket after the other", () => utf8("[".repeat(SIZE))],
    ["zeros", () => new Uint8Array(SIZE)],
  ])("are refused by their size, before anything is read: %s", (_, make) => {
    const bytes = make();
    const policy = keyPolicy([key]);
    let verdict = at.ask(at.honest);
    accepts(verdict);
    const took = cpuMs(() => {
      verdict = at.ask(bytes, { policy });
    });
    const said = `the attestation bundle cannot be used: it has ${bytes.byteLength} bytes, at most 1048576 are accepted`;
    refuses(verdict, "ATTEST_BUNDLE_INVALID", "refusal", said);
    expect(took).toBeLessThan(CPU_MS);
  });

  it("are published by no tool of ours, and what is too large and released is refused at admission", async () => {
    const site = await makeReadySite();
    const board = site.board();
    const context: AdmitContext = {
      device: DEVICE,
      policy: keylessPolicy(),
      trust: unwrap(parseTrustedRoot(at.sigstore.trustedRoot)),
      judge: createJudge(),
      updater: board,
      now: Date.now,
      releaseFloor: () => 0,
      whenLacking: "refuse",
      onStage: () => undefined,
    };
    const release = (bytes: number) =>
      site.release("1.1.0", { bundle: concatBytes(at.honest, utf8(" ".repeat(bytes))) });
    await expect(release(SIZE)).rejects.toMatchObject({ code: "REPO_TOO_LARGE" });
    await release(2_000_000);
    unwrap(await site.repositories.assign(DEVICE_ID, [desired("1.1.0")]));
    const admitted = await admit(desired("1.1.0"), unwrap(await board.refresh()), context);
    sees(admitted, "ATTEST_BUNDLE_INVALID", "refusal", /at most 1048576 are accepted$/);
  });
});
