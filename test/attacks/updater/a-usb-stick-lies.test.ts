/** Key compromise: none. A stick with altered files is refused like a server, and its links lead nowhere. */
import { cpSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { FILES, makeReadySite, releaseInput } from "../../unit/updater/site.ts";
import { boardAt } from "./impostor.ts";
import { sees } from "./sees.ts";

async function makeStick() {
  const site = await makeReadySite();
  const stick = site.boardDirectory("stick");
  for (const part of ["image", "director"]) cpSync(join(site.directory, part), join(stick, part), { recursive: true });
  await site.server.close();
  const board = boardAt(site, `${pathToFileURL(stick).href}/`);
  const target = unwrap(unwrap(await board.refresh()).agreed(FILES.module));
  const folder = join(stick, "image", "targets", FILES.module, "..");
  const name = readdirSync(folder).find((one) => one.endsWith(".module.wasm")) ?? expect.fail("no module");
  return { board, target, stick, module: join(folder, name) };
}

describe("a stick", () => {
  it("with other bytes than were signed brings none of them", async () => {
    const { board, target, module } = await makeStick();
    const { module: honest } = releaseInput("1.0.0");
    writeFileSync(
      module,
      honest.map((byte) => byte ^ 1),
    );
    sees(await board.fetchTarget(target), "UPDATE_TARGET_HASH", "attack", /module.wasm has SHA-256 .*, signed is /);
    writeFileSync(module, new Uint8Array([...honest, 0]));
    sees(await board.fetchTarget(target), "UPDATE_TARGET_LENGTH", "attack", /module.wasm has 35 bytes, signed are 34$/);
  });

  it("whose file is a link is not followed out of it", async () => {
    const { board, target, module } = await makeStick();
    rmSync(module);
    symlinkSync("/etc/passwd", module);
    sees(await board.fetchTarget(target), "UPDATE_NETWORK", "network", /^cannot fetch .*module.wasm: it is not there$/);
  });

  it("with an older state is refused by versions", async () => {
    const site = await makeReadySite();
    const stick = site.boardDirectory("stick");
    for (const part of ["image", "director"])
      cpSync(join(site.directory, part), join(stick, part), { recursive: true });
    unwrap(await site.repositories.resign());
    unwrap(await site.board().refresh());
    const board = boardAt(site, `${pathToFileURL(stick).href}/`);
    const text = "director offers timestamp version 1, but version 2 was trusted before";
    sees(await board.refresh(), "UPDATE_ROLLBACK", "attack", text);
  });
});
