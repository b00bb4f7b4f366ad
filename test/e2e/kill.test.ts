/**
 * kill -9 at any moment: a real process updates while the repository moves on, is killed, and what it had said to be
 * durable is there. A few dozen times here; SALLYPORT_KILLS says how often by hand, SALLYPORT_SEED which moments.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";
import { base64 } from "../../runtime/kernel/bytes.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { array, integer, object, parseShape, string } from "../../runtime/kernel/shape.ts";
import { DEVICE, makeReadySite, type Site } from "../unit/updater/site.ts";

const KILLS = Number(process.env["SALLYPORT_KILLS"] ?? 24);
const SEED = Number(process.env["SALLYPORT_SEED"] ?? 1);
/** Longest time a process lives after it said something, ms: a refresh that commits takes about half of it. */
const LONGEST_MS = 60;

const line = object({ commits: integer({ min: 0, max: 1e9 }), notices: array(string({ max: 60 }), { max: 10 }) });

/** A number from 0 to 1 for each call, the same ones for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Starts a process, lets it say something a few times while the repository moves on, kills it; what it said last. */
async function runAndKill(site: Site, argument: string, says: number, delayMs: number): Promise<number> {
  const file = new URL("./kill-child.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [file, argument], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  let commits = 0;
  let said = 0;
  for await (const text of createInterface({ input: child.stdout })) {
    const heard = unwrap(parseShape(line, JSON.parse(text), "a line"));
    expect(heard.notices).toEqual([]);
    commits = heard.commits;
    said += 1;
    if (said > says) continue;
    if (said === says) setTimeout(() => child.kill("SIGKILL"), delayMs);
    unwrap(await site.repositories.resign());
  }
  expect((await exited)[1]).toBe("SIGKILL");
  return commits;
}

describe("a process that is killed", () => {
  it(`${KILLS} times leaves what it said to be durable, and a board that works (seed ${SEED})`, async () => {
    const site = await makeReadySite();
    const random = randomFrom(SEED);
    const directory = join(site.boardDirectory(), "updater");
    const counterFile = join(site.boardDirectory(), "counter");
    const { server, repositories } = site;
    const argument = JSON.stringify({
      directory,
      counterFile,
      now: String(site.clock.now),
      device: DEVICE,
      image: {
        metadataUrl: server.imageMetadataUrl,
        targetsUrl: server.imageTargetsUrl,
        root: base64(repositories.imageRoot()),
      },
      director: { ...server.directorUrl(DEVICE), root: base64(repositories.directorRoot()) },
    });
    let before = 0;
    for (let kill = 1; kill <= KILLS; kill += 1) {
      const said = await runAndKill(site, argument, 1 + Math.floor(random() * 2), random() * LONGEST_MS);
      const board = site.board("board", { directory, counterFile });
      const at = `kill ${kill} of seed ${SEED}`;
      expect(
        board.notices.map((one) => one.code),
        at,
      ).toEqual([]);
      expect(board.commits(), at).toBeGreaterThanOrEqual(said);
      expect(said, at).toBeGreaterThanOrEqual(before);
      before = board.commits();
      board.close();
    }
    expect(before).toBeGreaterThanOrEqual(KILLS); // The repository moved on each time, and so did the board.
    const board = site.board("board", { directory, counterFile });
    const fresh = unwrap(await site.board("fresh").refresh());
    expect(unwrap(await board.refresh()).versions).toEqual(fresh.versions);
  }, 600_000);
});
