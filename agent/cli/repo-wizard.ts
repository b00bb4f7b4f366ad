/** The ceremony's questions, one by one, to a person at a terminal. What it returns is the plan that a file could be. */
import { teamName, tenantId } from "../../runtime/kernel/brand.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { parseShape, type Shape } from "../../runtime/kernel/shape.ts";
import {
  type CeremonyInput,
  ceremonyShape,
  defaultExpiryDays,
  keyName,
  readPublicHalf,
  shortId,
} from "../../updater/repository/index.ts";
import type { Asker } from "./ask.ts";

type Tell = (line: string) => void;
type Key = CeremonyInput["owners"][number];

/** Asks until every answer is one; an empty answer takes what stands in brackets. */
export async function askCeremony(asker: Asker, tell: Tell): Promise<CeremonyInput> {
  tell("A ceremony decides who may sign what. Nothing is written before you have seen all of it.");
  const tenant = await until(asker, tell, "tenant (the organisation all boards belong to): ", (text) =>
    shaped(tenantId, text),
  );
  tell("Owners sign the root and the policy. Each makes a key at home (sallyport repo key new) and brings FILE.pub.");
  const owners = await askKeys(asker, tell, "owner");
  const root = await askNumber(asker, tell, "signatures needed for root", Math.min(2, owners.length), owners.length);
  const targets = await askNumber(asker, tell, "signatures needed for policy and delegations", root, owners.length);
  const teams: CeremonyInput["teams"][number][] = [];
  tell("Teams publish modules under modules/TEAM/.");
  for (;;) {
    const name = await asker.line(teams.length === 0 ? "team: " : "another team (empty: no more): ");
    if (name === "") break;
    try {
      const parsed = shaped(teamName, name);
      const keys = await askKeys(asker, tell, `key of ${parsed}`);
      teams.push({ name: parsed, keys, threshold: await askNumber(asker, tell, "signatures needed", 1, keys.length) });
    } catch (error) {
      tell(error instanceof Error ? error.message : String(error));
    }
  }
  tell("Online keys renew timestamps without people. A key that you do not bring is made here.");
  const image = await askKey(asker, tell, "image-online");
  const director = await askKey(asker, tell, "director-online");
  const days = { ...defaultExpiryDays };
  for (const role of ["root", "targets", "team", "snapshot", "timestamp", "director"] as const) {
    days[role] = await askNumber(asker, tell, `days that a signature of ${role} lasts`, days[role], 3660);
  }
  const draft = {
    schema: "sallyport.ceremony/1",
    tenant,
    owners,
    thresholds: { root, targets },
    teams,
    online: { image, director },
    expiryDays: days,
  };
  return unwrap(parseShape(ceremonyShape, draft, "the ceremony"));
}

async function askKeys(asker: Asker, tell: Tell, what: string): Promise<Key[]> {
  const keys: Key[] = [];
  for (;;) {
    const name = await asker.line(
      keys.length === 0 ? `name of the first ${what}: ` : `name of the next ${what} (empty: no more): `,
    );
    if (name === "" && keys.length > 0) return keys;
    try {
      keys.push(await askKey(asker, tell, shaped(keyName, name)));
    } catch (error) {
      tell(error instanceof Error ? error.message : String(error));
    }
  }
}

async function askKey(asker: Asker, tell: Tell, name: string): Promise<Key> {
  return until(asker, tell, `file of ${name}'s key (empty: make one here): `, (file) => {
    if (file === "") return { name };
    const { key } = unwrap(readPublicHalf(file, undefined));
    tell(`  ${key.scheme}, key id ${shortId(key.keyID)}…: compare it with ${name}`);
    return { name, file };
  });
}

function askNumber(asker: Asker, tell: Tell, what: string, standard: number, max: number): Promise<number> {
  return until(asker, tell, `${what} [${standard}]: `, (text) => {
    const number = text === "" ? standard : Number(text);
    if (!Number.isInteger(number) || number < 1 || number > max) throw new Error(`a whole number from 1 to ${max}`);
    return number;
  });
}

async function until<T>(asker: Asker, tell: Tell, question: string, read: (text: string) => T): Promise<T> {
  for (;;) {
    try {
      return read(await asker.line(question));
    } catch (error) {
      tell(error instanceof Error ? error.message : String(error));
    }
  }
}

function shaped<T>(shape: Shape<T>, text: string): T {
  return unwrap(parseShape(shape, text, "the answer"));
}
