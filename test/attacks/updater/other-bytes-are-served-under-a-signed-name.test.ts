/** Arbitrary software: the metadata is honest, the file that it names is another one. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { FILES, makeReadySite } from "../../unit/updater/site.ts";
import { sees } from "./sees.ts";

async function assigned() {
  const site = await makeReadySite();
  const updater = site.board();
  const target = unwrap(unwrap(await updater.refresh()).agreed(FILES.module));
  const folder = join(site.image.targets, FILES.module, "..");
  const name = readdirSync(folder).find((one) => one.endsWith(".module.wasm")) ?? expect.fail("no module");
  return { site, updater, target, file: join(folder, name) };
}

describe("other bytes under a signed name", () => {
  it("of the same length are refused, and nothing of them is kept", async () => {
    const { site, updater, target, file } = await assigned();
    writeFileSync(file, Buffer.alloc(target.length, "x"));
    const text = new RegExp(`^${FILES.module} has SHA-256 [0-9a-f]{64}, signed is ${target.sha256}$`);
    sees(await updater.fetchTarget(target), "UPDATE_TARGET_HASH", "attack", text);
    expect(readdirSync(join(site.boardDirectory(), "blobs"), { recursive: true })).toEqual(["staging"]);
  });

  it("that are more or fewer are refused", async () => {
    const { updater, target, file } = await assigned();
    const { length } = target;
    writeFileSync(file, Buffer.concat([readFileSync(file), Buffer.alloc(1)]));
    const more = new RegExp(`module.wasm has ${length + 1} bytes, signed are ${length}$`);
    sees(await updater.fetchTarget(target), "UPDATE_TARGET_LENGTH", "attack", more);
    writeFileSync(file, "");
    const none = new RegExp(`module.wasm has 0 bytes, signed are ${length}$`);
    sees(await updater.fetchTarget(target), "UPDATE_TARGET_LENGTH", "attack", none);
  });
});
