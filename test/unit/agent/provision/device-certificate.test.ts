/** A board's certificate for its own key: taken when it fits, told and left out when it does not. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { provisionBoard, readBoard } from "../../../../agent/provision/device.ts";
import { proverOf } from "../../../../agent/provision/prover.ts";
import { boardDocument } from "../../../../examples/demo/documents.ts";
import { tenantId } from "../../../../runtime/kernel/brand.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { parseShape } from "../../../../runtime/kernel/shape.ts";
import { makeAuthority } from "../../../fakes/certificates.ts";
import { DEVICE } from "../../updater/content.ts";

/** A board, and what it reads of a `device-cert.pem` with this text. */
function board() {
  const folder = mkdtempSync(join(tmpdir(), "sallyport-certificate-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const directory = join(folder, "board");
  const address = { metadataUrl: "https://a.example/m", targetsUrl: "https://a.example/t" };
  const made = provisionBoard(directory, {
    config: {
      schema: "sallyport.device/1",
      tenant: unwrap(parseShape(tenantId, "home", "the tenant")),
      device: DEVICE,
      class: "porch",
      region: "north",
      image: address,
      director: address,
      broker: { url: "mqtt://a.example", username: "u", password: "hidden" },
      pollS: 300,
    },
    imageRoot: new Uint8Array(1),
    directorRoot: new Uint8Array(1),
    board: boardDocument(undefined),
  });
  const { key } = unwrap(made);
  const certificate = (publicPem = key.publicPem) =>
    makeAuthority().issue({ subject: "board-1", names: [`URI:spiffe://home/device/${DEVICE}`], publicPem }).cert;
  const reads = (pem: string) => {
    writeFileSync(join(directory, "device-cert.pem"), pem);
    const read = unwrap(readBoard(directory));
    const { length } = proverOf(read, "0.1.0").certificates;
    return read.certificates.ok ? length : `${length} ${read.certificates.error.line()}`;
  };
  return { directory, certificate, reads };
}

describe("a board's certificate", () => {
  it("is none where there is no file, and its own and those above it where there is one", () => {
    const { directory, certificate, reads } = board();
    expect(unwrap(unwrap(readBoard(directory)).certificates)).toEqual([]);
    expect(reads(certificate())).toBe(1);
    expect(reads(`${certificate()}\n${makeAuthority().cert}`)).toBe(2);
  });

  it.each([
    ["for another key", (_own: string, other: string) => other, "not for this device's key"],
    ["in the wrong order", (own: string, other: string) => other + own, "not for this device's key"],
    ["five times", (own: string) => own.repeat(5), "1 to 4 are expected"],
    ["without any", () => "nothing here", "1 to 4 are expected"],
    ["of nonsense", () => "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "PROVISION_CERTIFICATE"],
    ["without end", (own: string) => own.repeat(200), "DISK_TOO_LARGE"],
  ])("%s stops no board, is told, and is not in its proofs", (_what, text, says) => {
    const { certificate, reads } = board();
    const other = makeAuthority().issue({ subject: "other" }).cert;
    const read = reads(text(certificate(), other));
    expect(read).toMatch(/^0 /);
    expect(read).toContain(says);
  });
});
