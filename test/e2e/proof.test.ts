/** A real board admits a module; what it can prove of that is carried away and believed, or not, where there is no board. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { openProof, sealProof } from "../../agent/proof/index.ts";
import { readBoard } from "../../agent/provision/device.ts";
import { policyDocument } from "../../examples/demo/documents.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { createRepositories } from "../../updater/repository/index.ts";
import { guestRelease } from "../guests/guests.ts";
import { CEILING, Site } from "./site.ts";

const PROGRAM = new URL("../../agent/sallyport.mjs", import.meta.url).pathname;
/** The page's commands, block by block, with what each ends with. */
const BLOCKS = [
  ...readFileSync(new URL("../../docs/proofs.md", import.meta.url), "utf8").matchAll(/^```sh\n([\s\S]*?)^```/gm),
].map(([, block = ""]) => [...block.matchAll(/^(sallyport [^#\n]+?) *(?:# (\d): ([A-Z_]+))?$/gm)]);
const release = guestRelease("counter", { name: "proven", limits: { callMs: 10_000 } });

let site: Site;
let away: string;
let keyId: string;
const board = () => site.stage.path("board");
const kept = (name: string) => join(board(), "state", "proofs", name);
const PROOF = "acme.proven.1.0.0.proof.json";

/** The program itself, in a directory with nothing but what a reader has. */
function sallyport(...argv: string[]) {
  const done = spawnSync(process.execPath, [PROGRAM, ...argv], { cwd: away, encoding: "utf8" });
  return { status: done.status, said: done.stdout, code: /sallyport: ([A-Z_]+):/.exec(done.stderr)?.[1] };
}
/** What of a block of the page does not end as the page says. */
function asOnThePage(block: number): readonly string[] {
  return (BLOCKS[block] ?? []).flatMap(([, command = "", status = "0", code = ""]) => {
    const words = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
    const done = sallyport(...words.slice(1));
    const isAsSaid = String(done.status) === status && `${done.said}${done.code}`.includes(code);
    return isAsSaid ? [] : [`${command}: ${done.status} ${done.code}`];
  });
}
const verify = (...argv: string[]) => sallyport("verify-proof", ...argv);

/** A folder with the roots of other people's repositories. */
async function otherRoots(): Promise<string> {
  const folder = mkdtempSync(join(away, "other-"));
  const now = () => Date.now();
  const other = unwrap(await createRepositories(join(folder, "r"), { tenant: "else", teams: ["acme"], now }));
  writeFileSync(join(folder, "image.root.json"), other.imageRoot());
  writeFileSync(join(folder, "director.root.json"), other.directorRoot());
  return folder;
}

beforeAll(async () => {
  site = await Site.open();
  away = mkdtempSync(join(tmpdir(), "sallyport-away-"));
  cpSync(join(board(), "roots"), join(away, "roots"), { recursive: true });
  symlinkSync(board(), join(away, "board"));
  writeFileSync(join(away, "module.wasm"), release.module);
  writeFileSync(join(away, "other.wasm"), "other code");
  expect(asOnThePage(0)).toEqual([]);
  await site.start();
  await site.install(release);
  await vi.waitFor(() => expect(existsSync(kept(PROOF))).toBe(true), { timeout: 20_000 });
  keyId = unwrap(openProof(readFileSync(kept(PROOF)))).key.keyId;
});
afterAll(async () => {
  await site.close();
  rmSync(away, { recursive: true, force: true });
});

describe("a board's proof", () => {
  it("is listed, shown and taken away with the agent running beside", () => {
    const listed = sallyport("proof", "list", "--dir", board());
    expect(listed).toMatchObject({ status: 0 });
    expect(listed.said).toContain("acme/proven/1.0.0");
    const shown = sallyport("proof", "show", "acme/proven", "--dir", board());
    expect(shown).toMatchObject({ status: 0 });
    expect(shown.said).toContain("which you pinned");
    const exported = sallyport("proof", "export", "acme/proven", "--dir", board(), "--out", join(away, "p.json"));
    expect(exported).toMatchObject({ status: 0 });
    expect(readFileSync(join(away, "p.json"))).toEqual(readFileSync(kept(PROOF)));
    expect(sallyport("proof", "show", "acme/nothing", "--dir", board())).toMatchObject({
      status: 1,
      code: "PROOF_UNKNOWN",
    });
  });

  it("is accepted where there is neither board nor network, by its key, for this very module", () => {
    const { status, said } = verify("p.json", "--root", "roots", "--device-key", keyId, "--module", "module.wasm");
    expect(status).toBe(0);
    expect(said).toContain("acme/proven 1.0.0 on");
    expect(said.trimEnd().endsWith("accepted")).toBe(true);
    const json = JSON.parse(verify("p.json", "--root", "roots", "--device-key", keyId, "--json").said);
    expect(json).toMatchObject({ accepted: true, dependence: { device: { by: "key", keyId } } });
  });

  it("is accepted by the device authority alone, and refused by another", () => {
    const { status, said } = verify("p.json", "--root", "roots", "--device-ca", "authority/device-ca.pem");
    expect(status).toBe(0);
    expect(said).toContain(`certified as spiffe://${site.stage.tenant}/device/${site.stage.device} by CN=acme devices`);
    expect(sallyport("device-ca", "init", "--out", "ca2", "--name", "acme devices")).toMatchObject({ status: 0 });
    const other = verify("p.json", "--root", "roots", "--device-ca", "ca2/device-ca.pem");
    expect(other).toMatchObject({ status: 1, code: "PROOF_DEVICE" });
  });

  it("with other evidence in it is refused, even when the board itself signs that", async () => {
    const board = unwrap(readBoard(site.stage.path("board")));
    const { proof } = unwrap(openProof(readFileSync(kept(PROOF))));
    const { policy } = proof.documents;
    const swapped = { ...proof, documents: { ...proof.documents, evidence: policy } };
    writeFileSync(join(away, "swapped.json"), unwrap(await sealProof(swapped, board.key)));
    expect(verify("swapped.json", "--root", "roots")).toMatchObject({ status: 1, code: "PROOF_DOCUMENT" });
  });

  it("says that nobody knows whose key it is when none is named", () => {
    const { status, said } = verify("p.json", "--root", "roots");
    expect(status).toBe(0);
    expect(said).toContain("WHICH NOBODY HAS IDENTIFIED");
  });

  it("is refused under another owner's roots, with another key and for another module", async () => {
    const folder = await otherRoots();
    expect(verify("p.json", "--root", folder)).toMatchObject({ status: 1, code: "PROOF_CHAIN" });
    const mixed = ["--image-root", "roots/image.root.json", "--director-root", join(folder, "director.root.json")];
    expect(verify("p.json", ...mixed)).toMatchObject({ status: 1, code: "PROOF_CHAIN" });
    const stranger = "0".repeat(64);
    expect(verify("p.json", "--root", "roots", "--device-key", stranger)).toMatchObject({
      status: 1,
      code: "PROOF_DEVICE",
    });
    expect(verify("p.json", "--root", "roots", "--module", "other.wasm")).toMatchObject({
      status: 1,
      code: "PROOF_MODULE",
    });
    expect(verify("p.json")).toMatchObject({ status: 2, code: "CLI_USAGE" });
  });

  it("is judged again by another policy, which may refuse it", () => {
    const strict = policyDocument(site.stage.operatorKey.publicPem, CEILING, 1, "https://ci.example/another");
    writeFileSync(join(away, "strict.json"), strict);
    const { status, said } = verify("p.json", "--root", "roots", "--policy", "strict.json");
    expect(status).toBe(1);
    expect(said).toContain("refused: ATTEST_IDENTITY_MISMATCH");
    writeFileSync(join(away, "same.json"), policyDocument(site.stage.operatorKey.publicPem, CEILING, 9));
    expect(verify("p.json", "--root", "roots", "--policy", "same.json").status).toBe(0);
  });

  it("is used as docs/proofs.md says, command by command", async () => {
    const strict = policyDocument(site.stage.operatorKey.publicPem, CEILING, 1, "https://ci.example/another");
    writeFileSync(join(away, "stricter.json"), strict);
    cpSync(await otherRoots(), join(away, "elsewhere"), { recursive: true });
    expect(BLOCKS.map((one) => one.length)).toEqual([2, 3, 5]);
    expect(asOnThePage(1)).toEqual([]);
    expect(asOnThePage(2)).toEqual([]);
    expect(JSON.parse(readFileSync(join(away, "thermostat.vsa.json"), "utf8")).payloadType).toContain("in-toto");
  });

  it("is found altered wherever one byte of it is: each byte of the file, once", () => {
    const proof = readFileSync(kept(PROOF));
    const copy = new Uint8Array(proof);
    const missed: number[] = [];
    for (let at = 0; at < copy.byteLength; at += 1) {
      const before = copy[at] ?? 0;
      // Another bit for each place, so that all eight are met.
      copy[at] = before ^ (1 << (at % 8));
      if (openProof(copy).ok) missed.push(at);
      copy[at] = before;
    }
    expect(missed).toEqual([]);
    expect(openProof(copy).ok).toBe(true);
  }, 180_000);

  it("goes with its release, and a new policy gives a new one", async () => {
    const before = readFileSync(kept(PROOF));
    await site.policy(2);
    await site.order("refresh", {});
    await vi.waitFor(() => expect(readFileSync(kept(PROOF)).equals(before)).toBe(false), { timeout: 20_000 });
    const { proof } = unwrap(openProof(readFileSync(kept(PROOF))));
    expect(proof.running).toBe(true);
    const again = readFileSync(kept(PROOF));
    await site.order("refresh", {});
    expect(readFileSync(kept(PROOF)).equals(again)).toBe(true);
  });

  it("is verified from the first root and from the newest after the owners have changed", async () => {
    unwrap(await site.repo.rotate({ what: "owners", edit: { add: [], remove: ["owner-1"] } }));
    await site.policy(3);
    await site.order("refresh", {});
    const rooted = () => unwrap(openProof(readFileSync(kept(PROOF)))).proof.chain.image.roots;
    await vi.waitFor(() => expect(rooted().length).toBe(1), { timeout: 20_000 });
    cpSync(kept(PROOF), join(away, "rotated.json"));
    const factory = verify("rotated.json", "--root", "roots", "--device-key", keyId);
    expect(factory.status).toBe(0);
    expect(factory.said).toContain("led to root 2");
    writeFileSync(join(away, "image.2.json"), Buffer.from(rooted()[0] ?? "", "base64"));
    const newest = ["--image-root", "image.2.json", "--director-root", "roots/director.root.json"];
    expect(verify("rotated.json", ...newest, "--device-key", keyId).status).toBe(0);
    await site.assign([]);
    await site.order("refresh", {});
    await vi.waitFor(() => expect(existsSync(kept(PROOF))).toBe(false), { timeout: 20_000 });
  });
});
