/** The verbs that people type: a ceremony by answers or by a file, keys at home, a signature that travels. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { Asker } from "../../../agent/cli/ask.ts";
import { verb as addPolicy } from "../../../agent/cli/repo-add.ts";
import { verb as ceremony, hold } from "../../../agent/cli/repo-ceremony.ts";
import { verb as drop } from "../../../agent/cli/repo-drop.ts";
import { verb as exportChange } from "../../../agent/cli/repo-export.ts";
import { verb as keyAdd } from "../../../agent/cli/repo-key-add.ts";
import { verb as keyNew, makeKey } from "../../../agent/cli/repo-key-new.ts";
import { verb as keyShow } from "../../../agent/cli/repo-key-show.ts";
import { verb as merge } from "../../../agent/cli/repo-merge.ts";
import { verb as refresh } from "../../../agent/cli/repo-refresh.ts";
import { verb as renew } from "../../../agent/cli/repo-renew.ts";
import { verb as rotate } from "../../../agent/cli/repo-rotate.ts";
import { verb as sign, signHere } from "../../../agent/cli/repo-sign.ts";
import { verb as status } from "../../../agent/cli/repo-status.ts";
import { verb as verify } from "../../../agent/cli/repo-verify.ts";
import { type Args, type Io, parseVerbArgs, type Verb } from "../../../agent/cli/verb.ts";
import { startSigstore } from "../../fakes/sigstore.ts";

const POLICY = JSON.stringify({
  schema: "sallyport.policy/1",
  version: 1,
  evidence: [],
  ceilings: [],
  operators: [],
});

function desk() {
  const directory = mkdtempSync(join(tmpdir(), "sallyport-verbs-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const said: string[] = [];
  const errs: string[] = [];
  const io: Io = {
    out: (line) => void said.push(line),
    err: (line) => void errs.push(line),
    colour: false,
    signal: new AbortController().signal,
  };
  const at = (...names: string[]) => join(directory, ...names);
  const args = (verb: Verb, ...argv: string[]): Args => {
    const parsed = parseVerbArgs(verb, argv);
    return parsed === "help" ? expect.fail("help was not asked for") : parsed;
  };
  /** Runs a verb of the repository's machine; what it printed. */
  const run = async (verb: Verb, ...argv: string[]) => {
    said.length = 0;
    errs.length = 0;
    expect(await verb.run(args(verb, ...argv, ...("dir" in verb.options ? ["--dir", at("repo")] : [])), io)).toBe(0);
    return said.join("\n");
  };
  return { at, args, run, io, said, errs };
}

/** Somebody who gives these answers, one for each question. */
function answering(...answers: string[]): Asker & { readonly asked: string[] } {
  const asked: string[] = [];
  const next = async (question: string) => {
    asked.push(question);
    return answers.shift() ?? expect.fail(`nobody answers "${question}"`);
  };
  return { asked, line: next, secret: next, close: () => {} };
}

async function threeOwners({ at, run }: ReturnType<typeof desk>): Promise<void> {
  for (const name of ["anna", "bob", "carol"]) await run(keyNew, at(`${name}.pem`), "--plain");
  const plan = {
    schema: "sallyport.ceremony/1",
    tenant: "acme-corp",
    owners: ["anna", "bob", "carol"].map((name) => ({ name, file: `${name}.pem.pub` })),
    thresholds: { root: 2, targets: 2 },
    teams: [{ name: "web", keys: [{ name: "web-ci" }], threshold: 1 }],
  };
  writeFileSync(at("plan.json"), JSON.stringify(plan));
  await run(ceremony, "--plan", at("plan.json"));
}

/** The change of a role, signed by these owners at home and merged. */
async function signedAtHome(one: ReturnType<typeof desk>, role: string, ...owners: string[]): Promise<string> {
  const { at, run } = one;
  await run(exportChange, "--role", role, at("change.json"));
  for (const name of owners) {
    await run(sign, at("change.json"), "--key", at(`${name}.pem`), "--known", at(`${name}.known`), "--yes");
  }
  return run(merge, at("change.json"));
}

describe("the verbs of a publisher", () => {
  it("carry a repository from a ceremony with keys at home to a change of owners", async () => {
    const one = desk();
    const { at, run, errs } = one;
    await threeOwners(one);
    expect(await run(status)).toContain("image root 1: 0 of 2 signatures of the owners");
    expect(await signedAtHome(one, "root", "anna", "carol")).toContain("root: published");
    expect(await run(status)).toContain("image root: 2 of 3: anna (elsewhere), bob (elsewhere), carol (elsewhere)");

    await run(keyNew, at("dora.pem"), "--plain", "--type", "p256");
    await run(rotate, "owners", "--add", `dora=${at("dora.pem.pub")}`, "--remove", "bob");
    const merged = await signedAtHome(one, "root", "anna", "carol", "dora");
    expect(merged).toContain("image root: signature of dora");
    await run(rotate, "owners", "--threshold", "3");
    expect(errs.join("\n")).not.toContain("warning"); // Waiting, not in force.
    await signedAtHome(one, "root", "anna", "carol", "dora");
    await run(keyNew, at("eve.pem"), "--plain");
    await run(rotate, "team/web", "--add", `eve=${at("eve.pem.pub")}`, "--threshold", "2");
    expect(errs.join("\n")).toContain("warning: image root needs all of its 3 keys: one lost");
    expect(merged).toContain("root: published");
    expect(JSON.parse(readFileSync(at("anna.known"), "utf8")).seen["image root"].version).toBe(3);
    expect(await run(refresh, "--before", "48h")).toBe("nothing ends soon");
  });

  it("renew, drop and show", async () => {
    const one = desk();
    const { at, run } = one;
    await threeOwners(one);
    await signedAtHome(one, "root", "anna", "bob");
    expect(await run(renew, "targets")).toContain("targets: waits for signatures");
    expect(await run(status)).toMatch(
      / {2}image targets 2: 0 of 2 .*; may sign: anna \([0-9a-f]{12}\), bob \([0-9a-f]{12}\)/,
    );
    expect(await run(drop, "--role", "targets")).toBe("targets: given up");
    expect(await run(renew, "web")).toBe("team-web: published");
    // Owners who stay are told once whose signatures are missing, owners who change twice.
    expect((await run(renew, "root")).match(/image root 2: 0 of 2 signatures of the owners;/g)).toHaveLength(1);
    await run(drop, "--role", "root");
    await run(rotate, "owners", "--remove", "carol");
    expect(await run(status)).toMatch(
      /of the owners in force; may sign: .*carol.*\n.*of the owners proposed; may sign: (?!.*carol)/,
    );
    await run(drop, "--role", "root");
    await run(keyNew, at("online-2.pem"), "--plain");
    await run(keyAdd, at("online-2.pem"));
    expect(await run(keyShow, at("online-2.pem"))).toMatch(/^[0-9a-f]{64} {2}ed25519 {2}/);
    await expect(run(addPolicy, "policy/other.json", at("plan.json"))).rejects.toMatchObject({ code: "CLI_USAGE" });
    const facts = JSON.parse(await run(status, "--json"));
    expect(facts.roles.map((role: { role: string }) => role.role)).toContain("team-web");
  });

  it.each([
    [["nobody"], "WHAT is owners"],
    [["owners"], "say what changes"],
    [["online", "--drop"], "--drop is for team/NAME"],
  ])("rotate is not started by %j", async (argv, reason) => {
    const one = desk();
    await threeOwners(one);
    await expect(one.run(rotate, ...argv)).rejects.toThrow(reason);
  });
});

describe("repo add", () => {
  it("signs several documents as one change, and says the way to the owners who are not here", async () => {
    const one = desk();
    const { at, run, errs } = one;
    await threeOwners(one);
    await signedAtHome(one, "root", "anna", "bob");
    const sigstore = await startSigstore();
    onTestFinished(() => sigstore.close());
    writeFileSync(at("policy.json"), POLICY);
    writeFileSync(at("trusted_root.json"), sigstore.trustedRoot);
    const both = ["policy/policy.json", at("policy.json"), "trust/trusted_root.json", at("trusted_root.json")];
    await expect(run(addPolicy, ...both)).rejects.toMatchObject({ code: "REPO_UNSIGNED" });
    expect(errs.join("\n")).toContain("next: sallyport repo export --role targets FILE");
    expect(await signedAtHome(one, "targets", "anna", "bob")).toContain("targets: published");
  });

  it.each([
    [["policy/policy.json", "p.json", "trust/trusted_root.json"], "the FILE of trust/trusted_root.json is missing"],
    [["policy/policy.json", "p.json", "policy/policy.json", "p.json"], "policy/policy.json is given twice"],
    [["constructor", "p.json"], "TARGET is one of"],
  ])("is not started by %j", async (argv, reason) => {
    const { at, run } = desk();
    writeFileSync(at("p.json"), POLICY);
    await expect(run(addPolicy, ...argv.map((one) => (one === "p.json" ? at(one) : one)))).rejects.toThrow(reason);
  });
});

describe("repo verify", () => {
  it("says what to do with an archive", async () => {
    const { args, at, io } = desk();
    await expect(verify.run(args(verify, "--dir", at("stick.tar")), io)).rejects.toThrow("tar -xf");
  });
});

describe("repo sign", () => {
  it("shows the change and takes yes for an answer, nothing else", async () => {
    const one = desk();
    const { at, args, io, run, errs } = one;
    await threeOwners(one);
    await run(exportChange, "--role", "root", at("change.json"));
    const before = readFileSync(at("change.json"), "utf8");
    const argv = [at("change.json"), "--key", at("anna.pem"), "--known", at("known")];
    expect(await signHere(args(sign, ...argv), io, answering("y"))).toBe(1);
    expect(readFileSync(at("change.json"), "utf8")).toBe(before);
    expect(existsSync(at("known"))).toBe(false);
    expect(errs.join("\n")).toContain("root: needs 2 of 3 signatures");
    await expect(signHere(args(sign, ...argv), io, undefined)).rejects.toThrow("nobody to ask");
    expect(await signHere(args(sign, ...argv), io, answering("yes"))).toBe(0);
  });

  it("asks for the passphrase of an encrypted key", async () => {
    const one = desk();
    const { at, args, io, run } = one;
    vi.stubEnv("SALLYPORT_PASSPHRASE", "correct horse");
    onTestFinished(() => void vi.unstubAllEnvs());
    await run(keyNew, at("eve.pem"));
    vi.stubEnv("SALLYPORT_PASSPHRASE", undefined);
    expect(statSync(at("eve.pem")).mode & 0o777).toBe(0o600);
    await threeOwners(one);
    await signedAtHome(one, "root", "anna", "bob");
    await run(rotate, "owners", "--add", `eve=${at("eve.pem.pub")}`);
    await run(exportChange, "--role", "root", at("change.json"));
    const asker = answering("correct horse");
    expect(await signHere(args(sign, at("change.json"), "--key", at("eve.pem"), "--yes"), io, asker)).toBe(0);
    expect(asker.asked).toEqual([`passphrase of ${at("eve.pem")}: `]);
  });
});

describe("a key", () => {
  it("is not made without a passphrase unless that is said, and never over another", async () => {
    const { at, args, io } = desk();
    const make = (asker: Asker | undefined, ...argv: string[]) =>
      makeKey(args(keyNew, at("k.pem"), ...argv), io, asker);
    await expect(make(undefined)).rejects.toThrow("--plain");
    await expect(make(answering("short"))).rejects.toThrow("at least 8 characters");
    await expect(make(answering("long enough", "long enougj"))).rejects.toThrow("differ");
    expect(await make(undefined, "--plain")).toBe(0);
    await expect(make(undefined, "--plain")).rejects.toThrow("never overwritten");
  });
});

describe("the ceremony's questions", () => {
  it("give the plan, with a second chance for every slip", async () => {
    const one = desk();
    const { at, args, io, run, said } = one;
    for (const name of ["anna", "bob"]) await run(keyNew, at(`${name}.pem`), "--plain");
    said.length = 0;
    const asker = answering(
      "Not A Tenant",
      "acme-corp",
      "anna",
      at("nowhere"),
      at("anna.pem.pub"),
      "bob",
      at("bob.pem.pub"),
      "",
      "3",
      "2",
      "",
      "web",
      "web-ci",
      "",
      "",
      "",
      "",
      "",
      "",
      ...["", "", "", "", "", ""],
    );
    expect(await hold(args(ceremony, "--show-plan"), io, asker)).toBe(0);
    expect(JSON.parse(said.join("\n"))).toMatchObject({
      tenant: "acme-corp",
      owners: [{ name: "anna" }, { name: "bob" }],
      thresholds: { root: 2, targets: 2 },
      teams: [{ name: "web", keys: [{ name: "web-ci" }], threshold: 1 }],
      expiryDays: { root: 730, timestamp: 7 },
    });
    expect(asker.asked.filter((one) => one.startsWith("tenant"))).toHaveLength(2);
    expect(existsSync(at("repo"))).toBe(false);
  });

  it("are not asked of nobody", async () => {
    const { args, io } = desk();
    await expect(hold(args(ceremony), io, undefined)).rejects.toThrow("--plan");
  });
});
