/** The first root is made by people on several machines, or not at all. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { parseSignerDescription } from "../../../updater/repository/exec-signer.ts";
import { holdCeremony, openRepositories, parseCeremony, type Repositories } from "../../../updater/repository/index.ts";
import { person, signedBy } from "./people.ts";
import { codeOf, faultOf } from "./site.ts";

const now = () => Date.parse("2026-06-01T12:00:00Z");

function desk() {
  const base = mkdtempSync(join(tmpdir(), "sallyport-ceremony-"));
  onTestFinished(() => rmSync(base, { recursive: true, force: true }));
  const directory = join(base, "repo");
  const people = (["anna", "bob", "carol"] as const).map((name, at) =>
    person(base, name, (["ed25519", "p256", "rsa"] as const)[at] ?? "ed25519"),
  );
  return { base, directory, people };
}

type Desk = ReturnType<typeof desk>;

function plan(owners: readonly { name: string; file?: string }[], changes: object = {}) {
  const draft = {
    schema: "sallyport.ceremony/1",
    tenant: "acme-corp",
    owners,
    thresholds: { root: 2, targets: 2 },
    teams: [{ name: "acme", keys: [{ name: "acme-ci" }], threshold: 1 }],
    ...changes,
  };
  return unwrap(parseCeremony(utf8(JSON.stringify(draft))));
}

function hold({ base, directory }: Desk, input: ReturnType<typeof plan>) {
  return holdCeremony(directory, input, { now, from: base });
}

const publicKeys = ({ people }: Desk) => people.map(({ name, publicFile }) => ({ name, file: publicFile }));
const open = ({ directory }: Desk): Repositories => unwrap(openRepositories(directory, { now }));

describe("a ceremony", () => {
  it("waits for owners who hold their keys elsewhere, and begins when the second has signed", async () => {
    const table = desk();
    const [anna, bob, carol] = table.people;
    if (anna === undefined || bob === undefined || carol === undefined) return expect.fail("three people");
    const { settled, transcript } = unwrap(await hold(table, plan(publicKeys(table))));
    expect(settled.kind).toBe("pending");
    const repo = open(table);
    expect(() => repo.imageRoot()).toThrow(/not signed by enough owners/);
    expect(codeOf(await repo.putOwnerTargets(new Map([["policy/policy.json", utf8("{}")]])))).toBe("REPO_UNFINISHED");

    const sent = unwrap(await repo.exportChange("root"));
    const first = await repo.merge([{ name: "from-anna", bytes: await signedBy(sent, anna) }]);
    expect(unwrap(first).added.map((one) => one.role)).toEqual(["image root", "director root", "image targets"]);
    expect(unwrap(first).settled[0]?.kind).toBe("pending");
    const second = await repo.merge([{ name: "from-carol", bytes: await signedBy(sent, carol) }]);
    expect(unwrap(second).settled).toEqual([{ kind: "published", lead: "root", seamless: true }]);

    // What everybody wrote down is what is in force now.
    const root = JSON.parse(Buffer.from(repo.imageRoot()).toString("utf8"));
    expect(Object.keys(root.signatures)).toHaveLength(2);
    expect(JSON.parse(transcript)).toMatchObject({ published: false, thresholds: { root: 2, targets: 2 } });
    expect(readdirSync(join(table.directory, "keys")).sort()).toEqual([
      "acme-ci.pem",
      "director-online.pem",
      "image-online.pem",
    ]);
    expect(
      unwrap(repo.status())
        .roles.find((one) => one.role === "root")
        ?.keys.map((key) => key.here),
    ).toEqual([false, false, false]);
  });

  it("is over at once when enough owners' keys are here", async () => {
    const table = desk();
    const owners = [{ name: "anna" }, { name: "bob" }, { name: "carol", file: table.people[2]?.publicFile ?? "" }];
    expect(unwrap(await hold(table, plan(owners))).settled.kind).toBe("published");
    expect(open(table).imageRoot().byteLength).toBeGreaterThan(1000);
    expect(statSync(join(table.directory, "keys")).mode & 0o777).toBe(0o700);
  });

  it("writes down who takes part and the digest that everybody can compare", async () => {
    const table = desk();
    const { transcript } = unwrap(await hold(table, plan(publicKeys(table))));
    const written = JSON.parse(transcript);
    expect(readFileSync(join(table.directory, "transcript.json"), "utf8")).toBe(transcript);
    expect(written.owners.map((one: { scheme: string }) => one.scheme)).toEqual([
      "ed25519",
      "ecdsa-sha2-nistp256",
      "rsassa-pss-sha256",
    ]);
    expect(written.documents.map((one: { role: string }) => one.role)).toEqual([
      "root",
      "root",
      "targets",
      "team-acme",
    ]);
    expect(transcript).not.toContain("PRIVATE");
  });

  it.each([
    ["one key for two owners", { name: "anna" }, {}, "names one key twice"],
    ["a threshold above the number of owners", undefined, { thresholds: { root: 4, targets: 2 } }, "has 3 keys"],
    ["an owner's key as a daily one", undefined, { online: "anna" }, "used every day"],
  ])("is not held with %s", async (_, twice, changes, reason) => {
    const table = desk();
    const [anna] = publicKeys(table);
    const owners = twice === undefined ? publicKeys(table) : [...publicKeys(table), { ...anna, name: "anna-again" }];
    const online = "online" in changes ? { online: { image: { ...anna }, director: { name: "d" } } } : changes;
    const fault = faultOf(await hold(table, plan(owners as { name: string }[], online)));
    expect(fault.code).toBe("REPO_CEREMONY");
    expect(fault.message).toContain(reason);
    expect(existsSync(table.directory)).toBe(false);
  });

  it("refuses a plan with a field that it does not know", () => {
    expect(codeOf(parseCeremony(utf8('{"schema":"sallyport.ceremony/1","treshold":1}')))).toBe("SHAPE_MISMATCH");
  });

  it("is planned as the documentation shows", () => {
    const page = readFileSync(new URL("../../../docs/publishing.md", import.meta.url), "utf8");
    const [plan_ = "", signer = ""] = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json]) => json);
    expect(unwrap(parseCeremony(utf8(plan_))).owners).toHaveLength(3);
    expect(unwrap(parseSignerDescription(utf8(signer), "the example")).protocol).toBe("json");
  });

  it("is not held over a repository", async () => {
    const table = desk();
    unwrap(await hold(table, plan(publicKeys(table))));
    expect(codeOf(await hold(table, plan(publicKeys(table))))).toBe("REPO_EXISTS");
  });
});
