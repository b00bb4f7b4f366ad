/** What leaves for another machine to be signed, what comes back, and what neither side falls for. */
import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { assert } from "../../../runtime/kernel/assert.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { attemptSync, unwrap } from "../../../runtime/kernel/result.ts";
import {
  describeDocument,
  follow,
  type NamedKey,
  nothingKnown,
  readKey,
  readSigning,
  type SigningFile,
  signFile,
  signingBytes,
} from "../../../updater/repository/index.ts";
import { readTree } from "../../../updater/repository/metadata.ts";
import { type Person, person, signedBy } from "./people.ts";
import { codeOf, faultOf, makeReadySite, releaseInput, type Site } from "./site.ts";

const POLICY_2 = new Map([["policy/policy.json", utf8('{"policy":2}')]]);

/** A site whose owners have taken their keys home. */
async function ownersAway(): Promise<{ site: Site; owners: readonly Person[] }> {
  const site = await makeReadySite();
  const owners = ["owner-1", "owner-2", "owner-3"].map((name): Person => {
    const file = join(site.directory, "keys", `${name}.pem`);
    const key = unwrap(readKey(file, undefined));
    rmSync(file);
    return { name, file, publicFile: file, named: { name, key: key.key } as NamedKey, key };
  });
  return { site, owners };
}

const [first, second] = [0, 1];
const at = (owners: readonly Person[], index: number) => owners[index] ?? expect.fail("no such owner");

describe("a change whose signers are elsewhere", () => {
  it("waits, travels, and is published when the threshold is reached; boards see nothing before", async () => {
    const { site, owners } = await ownersAway();
    const fault = faultOf(await site.repositories.putOwnerTargets(POLICY_2));
    expect(fault.code).toBe("REPO_UNSIGNED");
    expect(fault.message).toContain("image targets 3: 0 of 2 signatures of the owners");
    const before = unwrap(await site.board().refresh()).versions;

    const sent = unwrap(await site.repositories.exportChange("targets"));
    const one = await site.repositories.merge([{ name: "1", bytes: await signedBy(sent, at(owners, first)) }]);
    expect(unwrap(one).settled[0]).toMatchObject({ kind: "pending", missing: [{ have: 1, threshold: 2 }] });
    expect(unwrap(await site.board().refresh()).versions).toEqual(before);

    const both = await signedBy(sent, at(owners, first), at(owners, second));
    const two = unwrap(await site.repositories.merge([{ name: "2", bytes: both }]));
    expect(two.added.map((added) => added.name)).toEqual(["owner-2"]);
    expect(two.settled[0]?.kind).toBe("published");
    expect(unwrap(await site.board().refresh()).versions.image.targets).toBe(before.image.targets + 1);
    expect(unwrap(site.repositories.status()).waiting).toEqual([]);
  });

  it("can be signed by two at once and merged in one go", async () => {
    const { site, owners } = await ownersAway();
    await site.repositories.putOwnerTargets(POLICY_2);
    const sent = unwrap(await site.repositories.exportChange("targets"));
    const files = await Promise.all(
      [first, second].map(async (who) => ({ name: `${who}`, bytes: await signedBy(sent, at(owners, who)) })),
    );
    expect(unwrap(await site.repositories.merge(files)).settled[0]?.kind).toBe("published");
  });

  it("of the owners themselves needs those of before and those to come", async () => {
    const { site, owners } = await ownersAway();
    const anna = person(site.directory, "anna");
    const edit = { add: [anna.named], remove: ["owner-1"] };
    const settled = unwrap(await site.repositories.rotate({ what: "owners", edit }));
    expect(settled.kind).toBe("pending");
    const sent = unwrap(await site.repositories.exportChange("root"));
    const mixed = await signedBy(sent, at(owners, first), anna);
    const half = unwrap(await site.repositories.merge([{ name: "half", bytes: mixed }]));
    expect(half.settled[0]).toMatchObject({ kind: "pending" });
    const all = await signedBy(sent, at(owners, second));
    expect(unwrap(await site.repositories.merge([{ name: "all", bytes: all }])).settled[0]?.kind).toBe("published");
    expect(unwrap(await site.board().refresh()).versions.image.root).toBe(2);
  });

  it("of a team is a release that its key holder signs elsewhere", async () => {
    const site = await makeReadySite();
    const file = join(site.directory, "keys", "team-acme.pem");
    const key = unwrap(readKey(file, undefined));
    rmSync(file);
    expect(codeOf(await site.repositories.publishRelease(releaseInput("2.0.0")))).toBe("REPO_UNSIGNED");
    const signing = unwrap(readSigning(unwrap(await site.repositories.exportChange("team-acme")), "f"));
    await signFile(signing, key, "f");
    unwrap(await site.repositories.merge([{ name: "f", bytes: signingBytes(signing) }]));
    expect(site.repositories.releases().map((one) => one.version)).toEqual(["1.0.0", "2.0.0"]);
  });

  it("holds its role: a second one is refused until the first is finished or given up", async () => {
    const { site } = await ownersAway();
    await site.repositories.putOwnerTargets(POLICY_2);
    expect(codeOf(await site.repositories.putOwnerTargets(POLICY_2))).toBe("REPO_PENDING");
    await site.release("1.1.0"); // Another role's way is free.
    unwrap(await site.repositories.drop("targets"));
    expect(codeOf(await site.repositories.drop("targets"))).toBe("REPO_NO_CHANGE");
    expect(codeOf(await site.repositories.putOwnerTargets(POLICY_2))).toBe("REPO_UNSIGNED");
  });
});

describe("a root that waits", () => {
  it("holds the owner's targets too, so that they are signed by owners who stay", async () => {
    const { site } = await ownersAway();
    await site.repositories.rotate({ what: "owners", edit: { add: [], remove: ["owner-1"], threshold: 1 } });
    expect(codeOf(await site.repositories.putOwnerTargets(POLICY_2))).toBe("REPO_PENDING");
  });
});

describe("merging", () => {
  it("keeps the signatures when publication has to wait for another reason", async () => {
    const { site, owners } = await ownersAway();
    await site.repositories.putOwnerTargets(POLICY_2);
    const sent = unwrap(await site.repositories.exportChange("targets"));
    const bytes = await signedBy(sent, at(owners, first), at(owners, second));
    const online = join(site.directory, "keys", "image-online.pem");
    renameSync(online, `${online}.away`);
    expect(codeOf(await site.repositories.merge([{ name: "f", bytes }]))).toBe("REPO_NO_ONLINE_KEY");
    expect(unwrap(site.repositories.status()).waiting).toEqual([{ lead: "targets", missing: [] }]);
    renameSync(`${online}.away`, online);
    const again = unwrap(await site.repositories.merge([]));
    expect(again).toMatchObject({ added: [], settled: [{ kind: "published" }] });
  });

  it("refuses a stranger's signature, an altered one, and another proposal's", async () => {
    const { site, owners } = await ownersAway();
    await site.repositories.putOwnerTargets(POLICY_2);
    const sent = unwrap(await site.repositories.exportChange("targets"));
    const merge = (bytes: Uint8Array) => site.repositories.merge([{ name: "f", bytes }]);
    const signed = text(await signedBy(sent, at(owners, first)));

    const altered = JSON.parse(signed);
    const [signature] = altered.documents[0].metadata.signatures;
    signature.sig = signature.sig.replace(/^./, (digit: string) => (digit === "0" ? "1" : "0"));
    expect(codeOf(await merge(utf8(JSON.stringify(altered))))).toBe("REPO_BAD_SIGNATURE");

    const mallory = person(site.directory, "mallory");
    const strange = unwrap(readSigning(sent, "f"));
    const [document] = strange.documents;
    assert(document !== undefined, "there is one");
    const { addSignatures } = await import("../../../updater/repository/metadata.ts");
    await addSignatures(document.metadata, [mallory.key]);
    expect(codeOf(await merge(signingBytes(strange)))).toBe("REPO_BAD_SIGNATURE");

    unwrap(await site.repositories.drop("targets"));
    await site.repositories.putOwnerTargets(new Map([["policy/policy.json", utf8("another")]]));
    expect(codeOf(await merge(utf8(signed)))).toBe("REPO_SIGNING_FILE");
    expect(readTree(site.image)?.targets.version).toBe(2);
  });
});

describe("a file for signing", () => {
  it("shows what changes, from signed metadata", async () => {
    const { site } = await ownersAway();
    await site.repositories.putOwnerTargets(POLICY_2);
    const file = unwrap(readSigning(unwrap(await site.repositories.exportChange("targets")), "f"));
    const told = file.documents.flatMap((one) => describeDocument(one, file.standing));
    expect(told[0]).toMatch(/^image targets: version 3, until 2027-/);
    expect(told[1]).toMatch(/^ {2}replaces policy\/policy\.json: 12 bytes, [0-9a-f]{64}$/);
    expect(told).toHaveLength(2);
  });

  it("tells keys and thresholds that come and go, by name and id", async () => {
    const { site } = await ownersAway();
    const anna = person(site.directory, "anna", "p256");
    const edit = { add: [anna.named], remove: ["owner-1"], threshold: 3 };
    await site.repositories.rotate({ what: "owners", edit });
    const file = unwrap(readSigning(unwrap(await site.repositories.exportChange("root")), "f"));
    const told = file.documents.flatMap((one) => describeDocument(one, file.standing)).join("\n");
    expect(told).toContain(`root: adds key ${anna.key.key.keyID.slice(0, 12)} (anna), ecdsa-sha2-nistp256`);
    expect(told).toMatch(/root: removes key [0-9a-f]{12} \(owner-1\), ed25519/);
    expect(told).toContain("root: needs 3 of 3 signatures, before 2 of 3");
  });

  it("shows what is said about a target's bytes: a floor that is raised is not signed unseen", async () => {
    const { site } = await ownersAway();
    renameSync(join(site.directory, "keys", "team-acme.pem"), join(site.directory, "acme.pem"));
    const next = releaseInput("1.1.0", { releaseFloor: 2, hardware: ["sim/core-v1"] });
    expect(codeOf(await site.repositories.publishRelease(next))).toBe("REPO_UNSIGNED");
    const exported = async () => {
      const file = unwrap(readSigning(unwrap(await site.repositories.exportChange("team-acme")), "f"));
      return file.documents.flatMap((one) => describeDocument(one, file.standing)).join("\n");
    };
    expect(await exported()).toMatch(/facts: .*"hardware":\["sim\/core-v1"\].*"releaseFloor":2/);
    unwrap(await site.repositories.drop("team-acme"));
    await site.repositories.yank({ team: "acme", name: "thermostat", version: "1.0.0", reason: "it burns" });
    expect(await exported()).toMatch(/replaces modules\/acme.*\n.*facts: .*"yanked":"it burns".*, before \{/);
  });

  it.each([
    ["a root without its signatures", "signed by 1/2", (one: Json) => strip(one, "chains")],
    ["targets that are not in force", "is not signed as it must be", (one: Json) => strip(one, "roles")],
    ["a version that leaves one out", "targets 4 is proposed, 2 is in force", (one: Json) => bump(one)],
    ["a role that nobody delegates to", "nobody may sign image team-nobody", (one: Json) => rename(one)],
    ["a number that has no canonical form", "cannot encode", (one: Json) => addField(one, 1.5)],
    ["a key under another id than its own", "is not what its id says", (one: Json) => falseKey(one)],
  ])("is refused with %s", async (_, reason, alter) => {
    const { site } = await ownersAway();
    await site.repositories.putOwnerTargets(POLICY_2);
    const json = JSON.parse(text(unwrap(await site.repositories.exportChange("targets"))));
    alter(json);
    const fault = faultOf(readSigning(utf8(JSON.stringify(json)), "f"));
    expect(fault.code).toBe("REPO_SIGNING_FILE");
    expect(fault.message).toContain(reason);
  });

  it("hides nothing: a name of any length and any character is shown to its end", async () => {
    const { site } = await ownersAway();
    const path = `policy/${"a".repeat(400)}\u001b[2Jz`;
    await site.repositories.putOwnerTargets(POLICY_2);
    const file = unwrap(readSigning(unwrap(await site.repositories.exportChange("targets")), "f"));
    const targets = file.documents[0]?.metadata.signed;
    assert(targets !== undefined && "targets" in targets, "targets are proposed");
    Object.assign(targets.targets, { [path]: targets.targets["policy/policy.json"] });
    const told = file.documents.flatMap((one) => describeDocument(one, file.standing)).join("\n");
    expect(told).toContain(`${"a".repeat(400)}\ufffd[2Jz: 12 bytes`);
  });

  it("is refused to a key that has nothing to sign in it", async () => {
    const { site } = await ownersAway();
    await site.repositories.putOwnerTargets(POLICY_2);
    const file = unwrap(readSigning(unwrap(await site.repositories.exportChange("targets")), "f"));
    await expect(signFile(file, person(site.directory, "eve").key, "f")).rejects.toMatchObject({
      code: "REPO_KEY_UNUSED",
    });
  });
});

describe("a signer who remembers", () => {
  async function proposals() {
    const { site, owners } = await ownersAway();
    const propose = async (value: string) => {
      await site.repositories.putOwnerTargets(new Map([["policy/policy.json", utf8(value)]]));
      return unwrap(readSigning(unwrap(await site.repositories.exportChange("targets")), "f"));
    };
    const publish = async (file: SigningFile) => {
      for (const owner of owners.slice(0, 2)) await signFile(file, owner.key, "f");
      unwrap(await site.repositories.merge([{ name: "f", bytes: signingBytes(file) }]));
    };
    return { site, propose, publish };
  }
  const refused = (body: () => unknown) => codeOf(attemptSync(body));

  it("signs the successor of what was signed, and the same again", async () => {
    const { propose, publish } = await proposals();
    const one = await propose("1");
    const known = follow(nothingKnown(one.tenant), one, one.documents, false);
    expect(follow(known, one, one.documents, false)).toEqual(known);
    await publish(one);
    const two = await propose("2");
    expect(follow(known, two, two.documents, false).seen["image targets"]?.version).toBe(4);
  });

  it("does not sign two documents of one version, unless told that the first was given up", async () => {
    const { site, propose } = await proposals();
    const one = await propose("1");
    const known = follow(nothingKnown(one.tenant), one, one.documents, false);
    unwrap(await site.repositories.drop("targets"));
    const other = await propose("other");
    expect(refused(() => follow(known, other, other.documents, false))).toBe("REPO_NOT_SUCCESSOR");
    expect(follow(known, other, other.documents, true).seen["image targets"]?.version).toBe(3);
  });

  it("does not sign for a repository that was set back", async () => {
    const { site, propose, publish } = await proposals();
    const back = site.backup(site.image);
    const one = await propose("1");
    await publish(one);
    const two = await propose("2");
    const known = follow(nothingKnown(two.tenant), two, two.documents, false);
    unwrap(await site.repositories.drop("targets"));
    back();
    const again = await propose("1");
    expect(refused(() => follow(known, again, again.documents, false))).toBe("REPO_NOT_SUCCESSOR");
  });

  it("does not sign for another repository of the same name", async () => {
    const here = await proposals();
    const one = await here.propose("1");
    const known = follow(nothingKnown(one.tenant), one, one.documents, false);
    const there = await proposals();
    const two = await there.propose("1");
    expect(refused(() => follow(known, two, two.documents, true))).toBe("REPO_NOT_SUCCESSOR");
  });
});

interface Json {
  chains: { image: { signatures: unknown[] }[] };
  roles: { signatures: unknown[]; metadata: { signatures: unknown[] } }[];
  documents: {
    role: string;
    metadata: { signed: { version: number; delegations: { keys: Record<string, unknown> } } };
  }[];
}

function strip(json: Json, what: "chains" | "roles"): void {
  if (what === "chains") for (const root of json.chains.image) root.signatures.length = 1;
  else for (const { metadata } of json.roles) metadata.signatures.length = 1;
}

function addField(json: Json, x: number): void {
  for (const { metadata } of json.documents) Object.assign(metadata.signed, { x });
}

function bump(json: Json): void {
  for (const { metadata } of json.documents) metadata.signed.version += 1;
}

/** The same key twice, under an id that somebody made up. */
function falseKey(json: Json): void {
  for (const { metadata } of json.documents) {
    const { keys } = metadata.signed.delegations;
    keys["0".repeat(64)] = Object.values(keys)[0];
  }
}

function rename(json: Json): void {
  for (const one of json.documents) {
    one.role = "team-nobody";
    one.metadata.signed.version = 1;
  }
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("utf8");
}
