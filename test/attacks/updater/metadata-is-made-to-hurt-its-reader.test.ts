/** Endless data: metadata that is deep, wide or named so that whoever parses it suffers, before any signature is asked for. */
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { FILES, makeReadySite } from "../../unit/updater/site.ts";
import { impostor } from "./impostor.ts";
import { sees } from "./sees.ts";

const TIMES = '"version":2,"expires":"2040-01-01T00:00:00Z"';
const BODIES = [
  [
    "nested without end",
    `{"signed":{"a":${"[".repeat(4000)}${"]".repeat(4000)}},"signatures":[]}`,
    "nested deeper than 25",
  ],
  ["wide", `{"signed":{"a":[${"0,".repeat(2500)}0]},"signatures":[]}`, "a list of more than 2000 entries"],
  ["with __proto__", `{"signed":{${TIMES},"__proto__":{"x":1}},"signatures":[]}`, "a field named __proto__"],
  ["with too many signatures", `{"signed":{${TIMES}},"signatures":[${"{},".repeat(40)}{}]}`, "more than 32 signatures"],
  ["with a version of 1e400", '{"signed":{"version":1e400},"signatures":[]}', "version is none"],
  ["that is null", "null", "it has no signatures"],
  ["in another encoding", Buffer.from('\ufeff{"signed":1}', "utf16le"), "not UTF-8"],
] as const;

describe("a timestamp", () => {
  it.each(BODIES)("%s is refused before it is looked at, and what was trusted stands", async (_, body, reason) => {
    const site = await makeReadySite();
    let isHostile = false;
    const server = await impostor(site, (path, response) => {
      const isIt = isHostile && path.endsWith("timestamp.json");
      if (isIt) response.end(body);
      return isIt;
    });
    const board = server.board();
    unwrap(await board.refresh());
    isHostile = true;
    const text = `director timestamp is not acceptable metadata: ${reason}`;
    sees(await board.refresh(), "UPDATE_METADATA_INVALID", "refusal", text);
    expect(board.view()?.agreed(FILES.module).ok).toBe(true);
    expect({}).not.toHaveProperty("x");
  });
});
