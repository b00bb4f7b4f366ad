/**
 * WASI commands as modules of the agent: published, attested, granted a directory of the board, run in both tiers, and
 * stopped where their authority ends.
 */
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { POLICY_PATH } from "../../attest/index.ts";
import { boardDocument, policyDocument } from "../../examples/demo/documents.ts";
import { type Cover, coversShape } from "../../runtime/kernel/authority/capability.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { parseShape } from "../../runtime/kernel/shape.ts";
import { type CommandName, commandRelease } from "../guests/commands.ts";
import type { GuestRelease } from "../guests/guests.ts";
import { Site } from "./site.ts";

const GRANTS: readonly Cover[] = unwrap(parseShape(coversShape, [{ cap: "dir", name: "spool" }], "grants"));

let site: Site;
let spool: string;

beforeAll(async () => {
  site = await Site.open();
  const data = site.stage.path("data");
  spool = join(data, "written");
  mkdirSync(spool, { recursive: true });
  const document = JSON.parse(new TextDecoder().decode(boardDocument(undefined)));
  const directories = [{ name: "spool", path: "written" }];
  const board = { ...document, dataDirectory: data, directories };
  writeFileSync(site.stage.path("board", "board.json"), JSON.stringify(board));
  const policy = policyDocument(site.stage.operatorKey.publicPem, GRANTS, 2);
  unwrap(await site.repo.putOwnerTargets(new Map([[POLICY_PATH, policy]])));
});
afterAll(() => site.close());

async function assign(release: GuestRelease, more: Parameters<Site["assign"]>[1] = {}): Promise<number> {
  const from = site.observer.mark();
  await site.assign([release], { grants: GRANTS, probationS: 0, ...more });
  await site.hint();
  return from;
}

async function letIn(which: CommandName, name: string, more: Parameters<Site["assign"]>[1] = {}): Promise<number> {
  const release = commandRelease(which, name);
  await site.publish(release);
  return assign(release, more);
}

/** What commands have written below their directory. */
const written = (): string => (existsSync(join(spool, "log.txt")) ? readFileSync(join(spool, "log.txt"), "utf8") : "");

const logged = (name: string, text: string, from: number) =>
  site.observer.until(
    `${name} logs ${text}`,
    (one) => one.topic === `up/log/${name}` && JSON.stringify(one.get("lines") ?? []).includes(text),
    { from },
  );

describe.each(["metered", "interpreter"] as const)("a command in the tier %s", (tier) => {
  beforeAll(async () => void (await site.start({ tier })));
  afterAll(() => site.stop());

  it("writes below its directory, and what it says is its log", async () => {
    const before = written();
    const from = await letIn("append", `writer-${tier}`);
    await site.observer.job(`writer-${tier}-1.0.0`, "succeeded", from);
    await logged(`writer-${tier}`, "00", from);
    while (written() === before) await new Promise(setImmediate);
    expect(written()).toBe(`${before}hello\n`);
  });

  it("does not leave its directory", async () => {
    const outside = site.stage.path(`outside-${tier}`);
    mkdirSync(outside);
    writeFileSync(join(outside, "secret"), "secret");
    if (!existsSync(join(spool, "link"))) symlinkSync(outside, join(spool, "link"));
    const from = await letIn("leave", `leaver-${tier}`);
    await logged(`leaver-${tier}`, "63", from);
    expect(readFileSync(join(outside, "secret"), "utf8")).toBe("secret");
  });

  it("is refused without the grant", async () => {
    const from = await letIn("append", `beggar-${tier}`, { grants: [] });
    const job = await site.observer.job(`beggar-${tier}-1.0.0`, "rejected", from);
    expect(job.get("code")).toBe("ADMIT_NOT_GRANTED");
    expect(job.get("reason")).toContain("dir:spool");
  });

  it("ends with ENOTCAPABLE when its directory is revoked while it runs, and does not get it back", async () => {
    const name = `runner-${tier}`;
    const from = await letIn("appendForever", name);
    await site.observer.job(`${name}-1.0.0`, "succeeded", from);
    const begun = written();
    while (written() === begun) await new Promise(setImmediate);
    const since = site.observer.mark();
    const answer = await site.order("revoke", { module: name, capability: "dir:spool", reason: "enough" });
    expect(answer.get("ok")).toBe(true);
    const failed = await site.observer.until(
      "it failed",
      (one) => one.topic === `up/mod/${name}/state` && one.get("code") === "MODULE_EXIT",
      { from: since },
    );
    expect(failed.get("reason")).toContain("status 76");
    const left = written();
    // The next start has no directory at all: its first call finds no such descriptor.
    await logged(name, "08", since);
    expect(written()).toBe(left);
  });

  it("that fails in probation is rolled back with its status", async () => {
    const from = await letIn("exit7", `failer-${tier}`, { probationS: 60 });
    const job = await site.observer.job(`failer-${tier}-1.0.0`, "rolled_back", from);
    expect(job.get("code")).toBe("MODULE_EXIT");
    expect(job.get("reason")).toContain("status 7");
  });
});
