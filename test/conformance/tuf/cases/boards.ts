/** A board's own rules on top of TUF: two repositories that have to agree, metadata for one device, one transaction. */
import { readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { FILES, OTHER, TEAM } from "../board.ts";
import type { Case } from "../context.ts";
import { DAY_MS } from "../simulator.ts";

const STEPS_MAX = 400;
const REFRESH = join(dirname(fileURLToPath(import.meta.url)), "..", "board-refresh.ts");
const KILLER = pathToFileURL(join(dirname(REFRESH), "kill-at.ts")).href;

export const boards: readonly Case[] = [
  {
    name: "a refresh that is killed at any step leaves the old state or the new one, raises no alarm, and loses no floor",
    async run(t) {
      const board = t.board();
      const counter = { counterFile: join(t.directory, "counter") };
      board.restart(counter);
      await board.refresh("ok");
      board.updater.close();
      const old = { image: new Map(board.image.files), director: new Map(board.director.files) };
      const before = board.versions();
      for (const one of ["image", "director"] as const) board[one].publish("root");
      board.publishImage();
      board.publishDirector();
      const current = { image: new Map(board.image.files), director: new Map(board.director.files) };
      const serve = (files: typeof current) => {
        for (const one of ["image", "director"] as const) {
          board[one].files.clear();
          for (const [name, bytes] of files[one]) board[one].files.set(name, bytes);
        }
      };
      const restore = board.backup(counter.counterFile);
      const run = JSON.stringify(board.processOptions(counter.counterFile));
      const seen = { old: 0, new: 0 };
      for (let step = 1; step < STEPS_MAX; step += 1) {
        restore();
        const env = { NODE_OPTIONS: `--import=${KILLER}`, SALLYPORT_KILL_AT: String(step) };
        const { exit, signal, stderr } = await t.spawn(process.execPath, ["--no-warnings", REFRESH, run], env);
        t.isTrue(exit === 0 || signal === "SIGKILL", `step ${step}: ${exit} ${stderr}`);
        if (exit === 0) break;
        board.updater = board.open(counter);
        t.same(
          board.updater.notices.map((one) => one.code),
          [],
          `notices after step ${step}`,
        );
        const shown = board.updater.view()?.versions;
        const isOld = isDeepStrictEqual(shown, before);
        seen[isOld ? "old" : "new"] += 1;
        if (!isOld) {
          serve(old);
          await board.refresh("UPDATE_ROLLBACK", { alone: true });
          serve(current);
        }
        await board.refresh("ok", { alone: true });
        t.isTrue(
          !isDeepStrictEqual(board.updater.view()?.versions, before),
          `the refresh after step ${step} came through`,
        );
        if (!isOld) t.same(board.updater.view()?.versions, shown, `versions shown after step ${step}`);
        board.updater.close();
      }
      t.isTrue(seen.old > 5 && seen.new > 0, `${seen.old} steps left the old state, ${seen.new} the new one`);
      board.updater = board.open(counter);
    },
  },
  {
    name: "a release that is assigned is agreed, fetched and there after a restart",
    async run(t) {
      const board = t.board();
      await board.refresh("ok");
      for (const path of Object.values(FILES)) board.agreed("ok", path);
      board.owner("ok", "policy/policy.json");
      t.same(await board.fetch("ok"), "module 1.0.0", "bytes");
      board.restart();
      board.agreed("ok");
      t.same(await board.fetch("ok"), "module 1.0.0", "bytes");
    },
  },
  ...(["timestamp", "snapshot", "targets"] as const).map(
    (role): Case => ({
      name: `another device's newer director ${role} is refused, and the next honest refresh comes through`,
      async run(t) {
        const board = t.board();
        await board.refresh("ok");
        const honest = new Map(board.director.files);
        const next = board.director.timestamp.version + 1;
        for (let n = 0; n < 5; n += 1) board.publishDirector();
        board.bind(OTHER, role);
        board.publishDirector();
        await board.refresh("UPDATE_WRONG_DEVICE");
        board.agreed("ok");
        board.director.files.clear();
        for (const [name, bytes] of honest) board.director.files.set(name, bytes);
        for (const document of [board.director.timestamp, board.director.snapshot, board.director.targets()]) {
          document.version = next - 1;
        }
        board.bind("board-1");
        board.publishDirector();
        await board.refresh("ok");
        t.same(board.updater.view()?.versions.director.timestamp, next, "director timestamp");
      },
    }),
  ),
  {
    name: "director metadata that is bound to no device is refused",
    async run(t) {
      const board = t.board();
      board.bind(undefined);
      board.publishDirector();
      await board.refresh("UPDATE_WRONG_DEVICE");
      t.same(board.updater.view(), undefined, "view");
    },
  },
  {
    name: "where one repository fails nothing of the other is kept",
    async run(t) {
      const board = t.board();
      await board.refresh("ok");
      const before = board.updater.view()?.versions;
      board.publishDirector();
      board.image.timestamp.expires = "2026-01-01T00:00:00Z";
      board.publishImage();
      await board.refresh("UPDATE_STALE");
      t.same(board.updater.view()?.versions, before, "versions");
      board.restart();
      t.same(board.updater.view()?.versions, before, "versions after a restart");
    },
  },
  ...(["image", "director"] as const).map(
    (which): Case => ({
      name: `a restored backup of the ${which} repository is refused, a restart included`,
      async run(t) {
        const board = t.board();
        const backup = new Map(board[which].files);
        board.publishImage();
        board.publishDirector();
        await board.refresh("ok");
        const before = board.updater.view()?.versions;
        board[which].files.clear();
        for (const [name, bytes] of backup) board[which].files.set(name, bytes);
        await board.refresh("UPDATE_ROLLBACK");
        board.restart();
        await board.refresh("UPDATE_ROLLBACK");
        t.same(board.updater.view()?.versions, before, "versions");
      },
    }),
  ),
  {
    name: "a restored backup of the board's own memory is noticed by the counter outside it, and shows nothing to run",
    async run(t) {
      const board = t.board();
      const counter = { counterFile: join(t.directory, "counter") };
      board.restart(counter);
      await board.refresh("ok");
      const restore = board.backup();
      for (const _ of [1, 2]) {
        board.publishDirector();
        await board.refresh("ok");
      }
      board.updater.close();
      restore();
      board.updater = board.open(counter);
      t.same(board.updater.vaultFault?.code, "UPDATE_RESTORED", "what the board says");
      t.same(board.updater.view(), undefined, "view");
      await board.refresh("ok");
      board.agreed("ok");
    },
  },
  {
    name: "a clock that was set back brings nothing expired or older in",
    async run(t) {
      const board = t.board();
      await board.refresh("ok");
      const older = new Map(board.director.files);
      board.publishDirector();
      await board.refresh("ok");
      board.now -= 300 * DAY_MS;
      board.director.files.clear();
      for (const [name, bytes] of older) board.director.files.set(name, bytes);
      await board.refresh("UPDATE_ROLLBACK");
    },
  },
  {
    name: "what was committed stays shown when its metadata expires",
    async run(t) {
      const board = t.board();
      await board.refresh("ok");
      board.now += 90 * DAY_MS;
      await board.refresh("UPDATE_STALE");
      board.restart();
      board.agreed("ok");
    },
  },
  {
    name: "a memory that is lost leads back to the pinned roots and forward again",
    async run(t) {
      const board = t.board();
      board.director.publish("root");
      board.image.publish("root");
      await board.refresh("ok");
      board.updater.close();
      rmSync(board.directory, { recursive: true });
      board.updater = board.open();
      t.same(board.updater.view(), undefined, "view");
      await board.refresh("ok");
      t.same(board.updater.view()?.versions.image.root, 2, "image root");
    },
  },
  {
    name: "a second updater on the same memory is refused",
    async run(t) {
      const board = t.board();
      t.same(board.opensWith(), "UPDATE_LOCKED", "opening");
      await board.refresh("ok");
    },
  },
  {
    name: "a version that ran ahead beyond reason is refused before it can freeze the board",
    async run(t) {
      const board = t.board();
      await board.refresh("ok");
      board.director.timestamp.version = 4_000_000_000;
      board.publishDirector();
      await board.refresh("UPDATE_FAST_FORWARD");
      board.director.timestamp.version = 2;
      board.publishDirector();
      await board.refresh("ok");
    },
  },
  ...(["image", "director"] as const).map(
    (which): Case => ({
      name: `a release of which ${which === "image" ? "the team" : "the director"} names a part is none`,
      async run(t) {
        const board = t.board();
        const targets = which === "image" ? board.image.targets(TEAM) : board.director.targets();
        delete targets.targets[FILES.module];
        board.publishImage();
        board.publishDirector();
        await board.refresh("ok");
        board.agreed("UPDATE_PARTIAL_BUNDLE");
      },
    }),
  ),
  {
    name: "a release for other hardware is refused",
    async run(t) {
      const board = t.board();
      board.release("2.0.0", { hardware: ["other/core-v1"] });
      board.assign("2.0.0");
      board.publishImage();
      board.publishDirector();
      await board.refresh("ok");
      board.agreed("UPDATE_WRONG_HARDWARE", FILES.module.replace("1.0.0", "2.0.0"));
    },
  },
  {
    name: "a release that its team took back is refused, though the director still names it",
    async run(t) {
      const board = t.board();
      board.release("1.0.0", { yanked: "it burns" });
      board.publishImage();
      await board.refresh("ok");
      board.agreed("UPDATE_YANKED");
    },
  },
  {
    name: "a target that breaks off is continued by the next start of the board",
    async run(t) {
      const board = t.board();
      const bytes = Buffer.alloc(150_000, "module");
      const entry = board.image.addTarget(FILES.module, bytes, TEAM);
      entry.custom = board.director.targets().targets[FILES.module]?.custom;
      board.assign("1.0.0");
      board.publishImage();
      board.publishDirector();
      await board.refresh("ok");
      const ranges: (string | undefined)[] = [];
      board.imageMount.behaviour = (kind, _, { request, response }) => {
        if (kind === "metadata") return false;
        const { range } = request.headers;
        ranges.push(range);
        const from = Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);
        if (from > 0) {
          const span = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
          response.writeHead(206, { "content-range": span }).end(bytes.subarray(from));
        } else {
          const head = response.writeHead(200, { "content-length": bytes.length });
          head.write(bytes.subarray(0, 90_000), () => response.destroy());
        }
        return true;
      };
      board.restart({ limits: { attempts: 1 } });
      await board.fetch("UPDATE_NETWORK");
      t.same(readdirSync(join(board.directory, "blobs", "staging")).length, 1, "unfinished downloads");
      board.restart();
      t.same((await board.fetch("ok")).length, bytes.length, "bytes");
      t.same(ranges[0], undefined, "the first request's range");
      t.isTrue(/^bytes=[1-9]\d*-$/.test(ranges[1] ?? ""), `the second request begins later: ${ranges[1]}`);
    },
  },
];
