/** Reading a board's configuration: what is wrong is told, and what is secret is not. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { provisionBoard, readBoard } from "../../../../agent/provision/device.ts";
import type { DeviceId, TenantId } from "../../../../runtime/kernel/brand.ts";
import { utf8 } from "../../../../runtime/kernel/bytes.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";

const address = { metadataUrl: "https://me:s3cret@updates.example/m", targetsUrl: "https://updates.example/t" };

function board() {
  const directory = mkdtempSync(join(tmpdir(), "sallyport-device-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const config = {
    schema: "sallyport.device/1",
    tenant: "home" as TenantId,
    device: "pi-7" as DeviceId,
    class: "default",
    region: "default",
    image: address,
    director: address,
    broker: { url: "mqtt://me:s3cret@broker", username: "pi-7", password: "s3cret-password" },
    pollS: 300,
  } as const;
  unwrap(provisionBoard(directory, { config, imageRoot: utf8("{}"), directorRoot: utf8("{}"), board: utf8("{}") }));
  const file = join(directory, "device.json");
  const refused = (change: (text: string) => string) => {
    writeFileSync(file, change(readFileSync(file, "utf8")));
    const found = readBoard(directory);
    return found.ok ? "read" : [found.error.line(), JSON.stringify(found.error.facts)].join(" ");
  };
  return refused;
}

describe("a configuration that is refused", () => {
  it.each([
    ["a password that is a number", (text: string) => text.replace('"s3cret-password"', "5318008"), "broker.password"],
    [
      "a password that is too long",
      (text: string) => text.replace("s3cret-p", "s3cret".repeat(100)),
      "broker.password",
    ],
    [
      "an address that is far too long",
      (text: string) => text.replace("@broker", `@${"b".repeat(2000)}`),
      "broker.url",
    ],
    ["a password without its quotes", (text: string) => text.replace('"s3cret-password"', "s3cret-pw"), "device.json"],
  ])("for %s does not show it", (_, change, told) => {
    const line = board()(change);
    expect(line).not.toMatch(/s3cret|5318008/);
    expect(line).toContain(told);
  });
});
