/** Who lost a key, and what that gives an attacker: the table of the trust model, row by row, as far as bytes go. */
import { type Board, FILES, TEAM } from "../board.ts";
import type { Case } from "../context.ts";
import { DAY_MS, digest, type Entry } from "../simulator.ts";

const EVIL = Buffer.from("evil");
const evilEntry = (custom?: unknown): Entry => ({
  length: EVIL.byteLength,
  hashes: { sha256: digest(EVIL) },
  ...(custom === undefined ? {} : { custom }),
});

/** The director's key alone: its documents say what the attacker likes, the image repository's do not. */
function directorSays(board: Board, path: string, entry: Entry): void {
  board.director.targets().targets[path] = entry;
  board.publishDirector();
}

const directorEntry = (board: Board): Entry =>
  structuredClone(board.director.targets().targets[FILES.module] ?? evilEntry());

const disagreements: readonly (readonly [string, (entry: Entry) => void])[] = [
  ["other bytes", (entry) => Object.assign(entry, evilEntry(entry.custom))],
  ["another length", (entry) => Object.assign(entry, { length: entry.length + 1 })],
  ["one hash more", (entry) => Object.assign(entry.hashes, { sha512: "00" })],
  ["a higher release counter", (entry) => set(entry, "releaseCounter", 9)],
  ["other hardware", (entry) => set(entry, "hardware", ["sim/core-v1"])],
  ["no facts at all", (entry) => void delete entry.custom],
];

function set(entry: Entry, name: string, value: unknown): void {
  const { sallyport } = entry.custom as { sallyport: Record<string, unknown> };
  sallyport[name] = value;
}

export const compromise: readonly Case[] = [
  {
    name: "the director's key chooses among what is released",
    async run(t) {
      const board = t.board();
      board.release("2.0.0");
      board.publishImage();
      board.assign("2.0.0");
      board.publishDirector();
      await board.refresh("ok");
      board.agreed("ok", FILES.module.replace("1.0.0", "2.0.0"));
      board.agreed("UPDATE_NOT_ASSIGNED");
    },
  },
  ...disagreements.map(
    ([what, change]): Case => ({
      name: `the director's key cannot give a release ${what}`,
      async run(t) {
        const board = t.board();
        const entry = directorEntry(board);
        change(entry);
        directorSays(board, FILES.module, entry);
        await board.refresh("ok");
        board.agreed("UPDATE_REPOSITORIES_DISAGREE");
      },
    }),
  ),
  {
    name: "the director's key cannot bring in what nobody released",
    async run(t) {
      const board = t.board();
      const path = "modules/acme/miner/6.6.6/module.wasm";
      directorSays(board, path, evilEntry(directorEntry(board).custom));
      await board.refresh("ok");
      board.agreed("UPDATE_NOT_RELEASED", path);
    },
  },
  {
    name: "the director's key cannot change the policy",
    async run(t) {
      const board = t.board();
      directorSays(board, "policy/policy.json", evilEntry());
      directorSays(board, "policy/more.json", evilEntry());
      await board.refresh("ok");
      const policy = board.updater.view()?.owner("policy/policy.json");
      t.isTrue(policy?.ok === true && policy.value.repository === "image", "the policy is the owner's");
      t.isTrue(policy?.ok === true && policy.value.sha256 !== digest(EVIL), "the policy is the one of before");
      board.owner("UPDATE_TARGET_MISSING", "policy/more.json");
    },
  },
  {
    name: "the director's key cannot delegate",
    async run(t) {
      const board = t.board();
      await board.refresh("ok");
      board.director.delegate("helper");
      board.director.publish("helper");
      board.publishDirector();
      await board.refresh("UPDATE_DELEGATION");
      board.agreed("ok");
    },
  },
  {
    name: "the director's key can withhold, and the board keeps what it has",
    async run(t) {
      const board = t.board();
      await board.refresh("ok");
      board.now += 40 * DAY_MS;
      await board.refresh("UPDATE_STALE");
      board.agreed("ok");
    },
  },
  {
    name: "a publisher's key cannot get a release assigned",
    async run(t) {
      const board = t.board();
      board.release("6.6.6");
      board.publishImage();
      await board.refresh("ok");
      board.agreed("UPDATE_NOT_ASSIGNED", FILES.module.replace("1.0.0", "6.6.6"));
    },
  },
  {
    name: "a publisher's key cannot change the bytes of a release that is assigned",
    async run(t) {
      const board = t.board();
      const { custom } = directorEntry(board);
      board.image.targets(TEAM).targets[FILES.module] = evilEntry(custom);
      board.publishImage();
      await board.refresh("ok");
      board.agreed("UPDATE_REPOSITORIES_DISAGREE");
    },
  },
  {
    name: "a publisher's key does not reach other teams' paths, even where the director errs",
    async run(t) {
      const board = t.board();
      const path = "modules/umbrella/door/1.0.0/module.wasm";
      board.image.targets(TEAM).targets[path] = evilEntry();
      board.publishImage();
      directorSays(board, path, evilEntry());
      await board.refresh("ok");
      board.agreed("UPDATE_NOT_RELEASED", path);
    },
  },
  {
    name: "a publisher's key cannot offer a policy",
    async run(t) {
      const board = t.board();
      board.image.targets(TEAM).targets["policy/evil.json"] = evilEntry();
      board.publishImage();
      await board.refresh("ok");
      board.owner("UPDATE_TARGET_MISSING", "policy/evil.json");
    },
  },
  {
    name: "the image repository's online key cannot sign a team's role",
    async run(t) {
      const board = t.board();
      await board.refresh("ok");
      board.image.signers.set(TEAM, board.image.signers.get("snapshot") ?? []);
      board.image.targets(TEAM).targets[FILES.module] = evilEntry();
      board.image.publish(TEAM, "snapshot", "timestamp");
      await board.refresh("UPDATE_SIGNATURE");
      board.agreed("ok");
    },
  },
  {
    name: "the image repository's online key cannot sign the owner's role",
    async run(t) {
      const board = t.board();
      board.image.signers.set("targets", board.image.signers.get("snapshot") ?? []);
      board.publishImage();
      await board.refresh("UPDATE_SIGNATURE");
    },
  },
  {
    name: "the image repository's online key cannot bring a team's older role back, nor make it vanish",
    async run(t) {
      const board = t.board();
      board.publishImage();
      await board.refresh("ok");
      board.image.snapshot.meta[`${TEAM}.json`] = { version: 1 };
      board.image.publish("snapshot", "timestamp");
      await board.refresh("UPDATE_ROLLBACK");
      delete board.image.snapshot.meta[`${TEAM}.json`];
      board.image.publish("snapshot", "timestamp");
      await board.refresh("UPDATE_ROLLBACK");
      board.agreed("ok");
    },
  },
  {
    name: "the image repository's online key cannot name another file in a role's place",
    async run(t) {
      const board = t.board();
      board.image.files.set(`9.${TEAM}.json`, board.image.file(`1.${TEAM}.json`));
      board.image.snapshot.meta[`${TEAM}.json`] = { version: 9 };
      board.image.publish("snapshot", "timestamp");
      await board.refresh("UPDATE_MIX_AND_MATCH");
    },
  },
  {
    name: "the image repository's online key can freeze, until what it froze expires",
    async run(t) {
      const board = t.board();
      await board.refresh("ok");
      const frozen = new Map(board.image.files);
      board.release("2.0.0");
      board.publishImage();
      board.image.files.clear();
      for (const [name, bytes] of frozen) board.image.files.set(name, bytes);
      await board.refresh("ok");
      board.now += 31 * DAY_MS;
      await board.refresh("UPDATE_STALE");
    },
  },
];
