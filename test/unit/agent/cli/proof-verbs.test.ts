/** The verbs of proofs and of the device authority, without an agent: what they print, refuse and end with. */
import { X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { verb as init } from "../../../../agent/cli/device-ca-init.ts";
import { verb as issue } from "../../../../agent/cli/device-ca-issue.ts";
import { verb as exporting } from "../../../../agent/cli/proof-export.ts";
import { verb as list } from "../../../../agent/cli/proof-list.ts";
import { verb as show } from "../../../../agent/cli/proof-show.ts";
import { verb as provision } from "../../../../agent/cli/provision.ts";
import { parseVerbArgs, type Verb } from "../../../../agent/cli/verb.ts";
import { verb as verify } from "../../../../agent/cli/verify-proof.ts";
import { provisionBoard, readBoard } from "../../../../agent/provision/device.ts";
import { proverOf } from "../../../../agent/provision/prover.ts";
import { openProofStore } from "../../../../agent/store/proofs.ts";
import { boardDocument } from "../../../../examples/demo/documents.ts";
import { attempt, unwrap } from "../../../../runtime/kernel/result.ts";
import { BUILDER, SOURCE, SUBJECT } from "../../attest/release.ts";
import { openScene, type ProofScene } from "../proof/scene.ts";

const THERMOSTAT = { team: "acme", name: "thermostat", version: "1.0.0" };

let scene: ProofScene;
let folder: string;
const at = (...names: string[]) => join(folder, ...names);
const proofs = () => openProofStore(at("board", "state", "proofs"));

/** Exit status and what was printed, or the line of the fault. */
async function ran(verb: Verb, ...argv: string[]) {
  const said: string[] = [];
  const io = {
    out: (line: string) => void said.push(line),
    err: () => undefined,
    colour: false,
    signal: AbortSignal.abort(),
  };
  const done = await attempt(async () => {
    const args = parseVerbArgs(verb, argv);
    if (args === "help") throw new Error("no help was asked for");
    return await verb.run(args, io);
  });
  return done.ok ? { status: done.value, said: said.join("\n") } : { status: -1, said: done.error.line() };
}
const board = () => ["--dir", at("board")];
const verified = (...argv: string[]) => ran(verify, at("p.json"), "--root", at("board", "roots"), ...argv);

beforeAll(async () => {
  scene = await openScene();
  folder = mkdtempSync(join(tmpdir(), "sallyport-verbs-"));
  const { tenant, device, roots } = scene.prover;
  const address = { metadataUrl: "https://a.example/m", targetsUrl: "https://a.example/t" };
  provisionBoard(at("board"), {
    config: {
      schema: "sallyport.device/1",
      tenant,
      device: device.id,
      class: device.class,
      region: device.region,
      image: address,
      director: address,
      broker: { url: "mqtt://a.example", username: "u", password: "hidden" },
      pollS: 300,
    },
    imageRoot: roots.image,
    directorRoot: roots.director,
    board: boardDocument(undefined),
  });
  const authority = ["--device-ca", at("ca", "device-ca.pem"), "--device-ca-key", at("ca", "device-ca-key.pem")];
  expect(await ran(init, "--out", at("ca"), "--name", "devices")).toMatchObject({ status: 0 });
  expect(await ran(issue, ...board(), ...authority)).toMatchObject({ status: 0 });
  expect(await ran(list, ...board())).toEqual({ status: 0, said: "no proofs yet" });
  proofs().write(THERMOSTAT, "proof", await scene.admit({ prover: proverOf(unwrap(readBoard(at("board"))), "0.1.0") }));
});
afterAll(async () => {
  await scene.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("a device authority", () => {
  it("is not overwritten, and issues only with its own key", async () => {
    expect(await ran(init, "--out", at("ca"), "--name", "devices")).toMatchObject({
      status: -1,
      said: expect.stringMatching(/CLI_USAGE.*there already/),
    });
    mkdirSync(at("ca2"));
    writeFileSync(at("ca2", "device-ca.pem"), "somebody's certificate");
    expect((await ran(init, "--out", at("ca2"), "--name", "devices")).said).toMatch(/CLI_USAGE.*there already/);
    const wrong = ["--device-ca", at("ca", "device-ca.pem"), "--device-ca-key", at("board", "device-key.pem")];
    expect((await ran(issue, ...board(), ...wrong)).said).toContain("PROVISION_AUTHORITY");
    expect((await ran(init, "--out", at("ca3"), "--name", "a\nb")).said).toContain("SHAPE_MISMATCH");
  });
});

describe("a board that is made with a device authority", () => {
  const made = (name: string, ...more: string[]) => {
    writeFileSync(at("password"), "secret");
    writeFileSync(at("board.json"), boardDocument(undefined));
    const roots = [
      "--image-root",
      at("board", "roots", "image.root.json"),
      "--director-root",
      at("board", "roots", "director.root.json"),
    ];
    const where = [
      "--repo-url",
      "https://a.example",
      "--broker",
      "mqtt://a.example",
      "--password-file",
      at("password"),
    ];
    const who = ["--dir", at(name), "--device", "pi-7", "--tenant", "home", "--board", at("board.json")];
    return ran(provision, ...who, ...roots, ...where, ...more);
  };

  it("has a certificate of it for its own key", async () => {
    const authority = ["--device-ca", at("ca", "device-ca.pem"), "--device-ca-key", at("ca", "device-ca-key.pem")];
    const { status, said } = await made("certified", ...authority);
    expect(status).toBe(0);
    expect(said).toContain("spiffe://home/device/pi-7");
    const [own] = unwrap(unwrap(readBoard(at("certified"))).certificates);
    const certificate = new X509Certificate(own ?? "");
    expect(certificate.subjectAltName).toBe("URI:spiffe://home/device/pi-7");
    expect(certificate.verify(new X509Certificate(readFileSync(at("ca", "device-ca.pem"))).publicKey)).toBe(true);
  });

  it("is not made at all when the authority's key is not given", async () => {
    const { said } = await made("uncertified", "--device-ca", at("ca", "device-ca.pem"));
    expect(said).toContain("--device-ca-key is needed");
    expect(existsSync(at("uncertified"))).toBe(false);
  });
});

describe("a board's proofs", () => {
  it("are listed, and one that was damaged or signed by another key is told of", async () => {
    const { status, said } = await ran(list, ...board());
    expect(status).toBe(0);
    expect(said).toMatch(/^acme\/thermostat\/1\.0\.0 +\d{4}-.*KiB +sha256 [0-9a-f]{64}$/);
    proofs().write({ ...THERMOSTAT, name: "foreign" }, "proof", scene.proof);
    proofs().write({ ...THERMOSTAT, name: "torn" }, "proof", scene.proof.subarray(1));
    const three = await ran(list, ...board());
    expect(three.status).toBe(1);
    expect(three.said).toMatch(/foreign\/1\.0\.0 .*signed by another key/);
    expect(three.said).toMatch(/torn\/1\.0\.0 .*PROOF_NOT_CANONICAL/);
    const json = JSON.parse((await ran(list, ...board(), "--json")).said);
    expect(json.proofs.map((one: { problem?: string }) => one.problem === undefined)).toEqual([false, true, false]);
    proofs().prune([THERMOSTAT]);
  });

  it("are shown and exported by name, the newest where no version is given", async () => {
    const shown = await ran(show, "acme/thermostat", ...board());
    expect(shown.status).toBe(0);
    expect(shown.said).toContain(`evidence: https://slsa.dev/provenance/v1, signed by ${SUBJECT}`);
    expect(shown.said).toContain(`built by ${BUILDER} from ${SOURCE}`);
    expect(shown.said).toContain("the owner's policy, version 1 (sha256 ");
    expect(JSON.parse((await ran(show, "acme/thermostat/1.0.0", ...board(), "--json")).said).accepted).toBe(true);
    expect(await ran(exporting, "acme/thermostat", ...board(), "--out", at("p.json"))).toMatchObject({ status: 0 });
    expect(readFileSync(at("p.json"))).toEqual(Buffer.from(unwrap(proofs().read(THERMOSTAT, "proof"))));
    for (const wanted of ["acme/thermostat/1.0.1", "acme", "thermostat", "../../x"]) {
      expect((await ran(show, wanted, ...board())).said).toMatch(/^PROOF_UNKNOWN/);
    }
  });
});

describe("verify-proof", () => {
  it("takes a key id, a key or an authority, and not two of them", async () => {
    const { key } = unwrap(readBoard(at("board")));
    writeFileSync(at("key.pem"), key.publicPem);
    const ca = ["--device-ca", at("ca", "device-ca.pem")];
    for (const trust of [["--device-key", key.keyId], ["--device-key", at("key.pem")], ca]) {
      expect(await verified(...trust)).toMatchObject({ status: 0 });
    }
    expect((await verified(...ca, "--device-key", key.keyId)).said).toContain("CLI_USAGE");
    expect((await verified("--device-ca", at("key.pem"))).said).toMatch(/^PROOF_DEVICE.*no certificate/);
  });

  it("says as JSON what it refuses, with its code, and ends with 1", async () => {
    const refused = await verified("--device-key", "0".repeat(64), "--json");
    expect(refused.status).toBe(1);
    expect(JSON.parse(refused.said)).toMatchObject({
      accepted: false,
      code: "PROOF_DEVICE",
      facts: { device: "board-1" },
    });
    writeFileSync(at("other.wasm"), "other");
    expect(JSON.parse((await verified("--module", at("other.wasm"), "--json")).said)).toMatchObject({
      code: "PROOF_MODULE",
    });
  });

  it("judges as of another time, which must be one", async () => {
    expect(await verified("--at", "2036-01-01T00:00:00Z")).toMatchObject({ status: 0 });
    expect((await verified("--at", "tomorrow")).said).toContain("SHAPE_MISMATCH");
    expect((await ran(verify, at("p.json"))).said).toContain("--root DIR");
  });
});
