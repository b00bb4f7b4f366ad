/** `sallyport agent show`: a board's metadata as its owner sees it, read beside a running agent. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { verb } from "../../../../agent/cli/agent-show.ts";
import { type Io, parseVerbArgs } from "../../../../agent/cli/verb.ts";
import { provisionBoard } from "../../../../agent/provision/device.ts";
import { boardDocument } from "../../../../examples/demo/documents.ts";
import { tenantId } from "../../../../runtime/kernel/brand.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { parseShape } from "../../../../runtime/kernel/shape.ts";
import { DAY_MS, DEVICE, makeReadySite } from "../../updater/site.ts";

/** A provisioned board whose updater can be refreshed, and the verb over its directory. */
async function scene() {
  const site = await makeReadySite();
  site.clock.now = Date.now();
  unwrap(await site.repositories.resign());
  const directory = site.boardDirectory("whole");
  const address = { metadataUrl: "https://a.example/m", targetsUrl: "https://a.example/t" };
  const config = {
    schema: "sallyport.device/1",
    tenant: unwrap(parseShape(tenantId, "acme-corp", "the tenant")),
    device: DEVICE,
    class: "porch",
    region: "north",
    image: address,
    director: address,
    broker: { url: "mqtt://a.example", username: "u", password: "hidden" },
    pollS: 300,
  } as const;
  const made = provisionBoard(directory, {
    config,
    imageRoot: site.repositories.imageRoot(),
    directorRoot: site.repositories.directorRoot(),
    board: boardDocument(undefined),
  });
  const { key } = unwrap(made);
  const show = async (...argv: string[]) => {
    const said: string[] = [];
    const io: Io = { out: (line) => void said.push(line), err: () => {}, colour: false, signal: AbortSignal.abort() };
    const args = parseVerbArgs(verb, ["--dir", directory, ...argv]);
    if (args === "help") throw new Error("no help was asked for");
    expect(await verb.run(args, io)).toBe(0);
    return said.join("\n");
  };
  return { site, directory, updater: join("whole", "state", "updater"), show, keyId: key.keyId };
}

describe("a board is shown", () => {
  it("with its id, hardware and key before it has any metadata", async () => {
    const { show, keyId } = await scene();
    const page = await show();
    for (const fact of ["tenant: acme-corp", `device: ${DEVICE}`, "class: porch", "profile: demo-board", keyId]) {
      expect(page).toContain(fact);
    }
    expect(page).toContain("no metadata yet");
    expect(page).not.toContain("hidden");
  });

  it("with versions and ends of all roles in force, delegations included, beside a running updater", async () => {
    const { site, updater, show } = await scene();
    unwrap(await site.board(updater).refresh());
    const page = await show();
    expect(page).toContain("metadata: commit 1");
    expect(page).toMatch(/image\/root +1 {2}20\d\d-/);
    expect(page).toMatch(/image\/team-acme +2 /);
    expect(page).toMatch(/director\/timestamp +\d+ /);
    expect(page).not.toContain("PAST");
    const facts = JSON.parse(await show("--json"));
    expect(facts).toMatchObject({ device: DEVICE, commit: 1 });
    expect(facts.metadata).toContainEqual(expect.objectContaining({ repository: "director", role: "targets" }));
  });

  it("with what has expired marked as such", async () => {
    const { site, updater, show } = await scene();
    site.clock.now -= 30 * DAY_MS;
    unwrap(await site.repositories.resign());
    unwrap(await site.board(updater).refresh());
    expect(await show()).toMatch(/image\/timestamp .*PAST/);
  });

  it.each(["image/root", "image/snapshot", "image/targets", "image/timestamp", "director/root", "director/targets"])(
    "with the very file of %s",
    async (name) => {
      const { site, updater, show } = await scene();
      unwrap(await site.board(updater).refresh());
      const [repository, role = ""] = name.split("/");
      const { metadata } = repository === "image" ? site.image : site.director();
      const files = readdirSync(metadata).map((file) => readFileSync(join(metadata, file), "utf8").trimEnd());
      const printed = await show("--metadata", name);
      expect(JSON.parse(printed).signed._type).toBe(role);
      expect(files).toContain(printed);
    },
  );

  it("by a name that there is none of with those there are", async () => {
    const { site, updater, show } = await scene();
    unwrap(await site.board(updater).refresh());
    await expect(show("--metadata", "image/nobody")).rejects.toThrow("image/root, image/timestamp");
  });

  it("with the reason when its memory is damaged, and nothing is mended by looking", async () => {
    const { site, directory, updater, show } = await scene();
    const board = site.board(updater);
    unwrap(await board.refresh());
    board.close();
    const vault = join(directory, "state", "updater", "vault");
    const text = readFileSync(vault, "utf8");
    writeFileSync(vault, text.replace("a", "b"));
    const before = readdirSync(join(directory, "state", "updater"));
    await expect(show()).rejects.toThrow("the vault");
    expect(readdirSync(join(directory, "state", "updater"))).toEqual(before);
  });
});
