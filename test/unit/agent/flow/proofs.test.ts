/** The keeper of proofs: when one is made, when it is left alone, what happens when it cannot be kept. */
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { ModuleRecord } from "../../../../agent/flow/inventory.ts";
import { type AdmissionSeen, createProofKeeper, type ProofKeeperOptions } from "../../../../agent/flow/proofs.ts";
import { openProof } from "../../../../agent/proof/index.ts";
import { listProofs, openProofStore, type ProofStore } from "../../../../agent/store/proofs.ts";
import { fault as diskFault } from "../../../../runtime/kernel/durable.ts";
import { nodeClock } from "../../../../runtime/kernel/node-world.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { makeAuthority } from "../../../fakes/certificates.ts";
import { openScene, type ProofScene } from "../proof/scene.ts";

let scene: ProofScene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.close());

let directory: string;
let said: string[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "sallyport-proofs-"));
  said = [];
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
});

function keeper(changes: Partial<ProofKeeperOptions> = {}) {
  const { prover, updater } = scene;
  // The round began before what these tests admit.
  const memory = { trustedNow: () => Date.now() - 60_000, timeFloor: () => 1000.5 };
  const store = openProofStore(directory);
  const onNotKept: ProofKeeperOptions["onNotKept"] = (wanted, why) => void said.push(`${wanted.name} ${why.code}`);
  return createProofKeeper({ prover, updater, memory, clock: nodeClock, store, onNotKept, ...changes });
}
/** A store that counts what is written, and refuses while `full`. */
function counted(): ProofStore & { writes: number; full: boolean } {
  const store = openProofStore(directory);
  return {
    ...store,
    writes: 0,
    full: false,
    write(release, kind, bytes) {
      if (this.full) throw diskFault("DISK_WRITE", { path: directory, reason: "no space" });
      this.writes += 1;
      store.write(release, kind, bytes);
    },
  };
}
const record = (seen: AdmissionSeen) =>
  ({ name: seen.wanted.name, committed: seen.admitted.release, failed: [] }) as ModuleRecord;
const FILES = ["acme.thermostat.1.0.0.proof.json", "acme.thermostat.1.0.0.vsa.json"];

describe("the keeper of proofs", () => {
  it("keeps a proof and its summary for what was admitted, with the times of the round", async () => {
    const one = keeper();
    one.begin();
    const before = Date.now();
    await one.admitted(await scene.seen());
    expect(readdirSync(directory)).toEqual(FILES);
    expect(listProofs(directory)).toEqual([{ team: "acme", name: "thermostat", version: "1.0.0" }]);
    const bytes = unwrap(
      openProofStore(directory).read({ team: "acme", name: "thermostat", version: "1.0.0" }, "proof"),
    );
    const { time } = unwrap(openProof(bytes)).proof;
    expect(time.floorMs).toBe(1000);
    expect(time.refreshedMs).toBeLessThanOrEqual(before);
    expect(said).toEqual([]);
  });

  it("judges nothing a second time for it: the judge that admitted the release remembers", async () => {
    const seen = await scene.seen();
    const before = scene.verdicts.made;
    await keeper().admitted(seen);
    expect(readdirSync(directory)).toEqual(FILES);
    expect(scene.verdicts.made).toBe(before);
  });

  it("leaves it alone when it is admitted again and nothing it rests on has changed, after a restart too", async () => {
    const store = counted();
    const first = keeper({ store });
    await first.admitted(await scene.seen());
    await first.admitted(await scene.seen({ running: true }));
    await keeper({ store }).admitted(await scene.seen({ running: true }));
    expect(store.writes).toBe(2);
  });

  it("makes another when the director's word for the module has changed", async () => {
    const store = counted();
    const one = keeper({ store });
    const seen = await scene.seen();
    await one.admitted(seen);
    await one.admitted({ ...seen, wanted: { ...seen.wanted, probationS: 61 } });
    expect(store.writes).toBe(4);
  });

  it("makes another after a start with another program or another certificate", async () => {
    const store = counted();
    const { cert } = makeAuthority().issue({ subject: "board-1", publicPem: scene.prover.signer.publicPem });
    const certificates = [new Uint8Array(new X509Certificate(cert).raw)];
    for (const prover of [scene.prover, { ...scene.prover, certificates }, { ...scene.prover, agent: "0.2.0" }]) {
      await keeper({ store, prover }).admitted(await scene.seen());
      await keeper({ store, prover }).admitted(await scene.seen());
    }
    expect(store.writes).toBe(6);
  });

  it("makes a damaged one again after a restart", async () => {
    await keeper().admitted(await scene.seen());
    writeFileSync(join(directory, FILES[0] ?? ""), "{}");
    await keeper().admitted(await scene.seen());
    expect(listProofs(directory).length).toBe(1);
    const bytes = unwrap(
      openProofStore(directory).read({ team: "acme", name: "thermostat", version: "1.0.0" }, "proof"),
    );
    expect(openProof(bytes).ok).toBe(true);
  });

  it("says once that the disk does not take it, goes on, and keeps it when there is room again", async () => {
    const store = counted();
    store.full = true;
    const one = keeper({ store });
    await one.admitted(await scene.seen());
    await one.admitted(await scene.seen());
    expect(said).toEqual(["thermostat DISK_WRITE"]);
    store.full = false;
    await one.admitted(await scene.seen());
    expect(readdirSync(directory)).toEqual(FILES);
  });

  it("keeps no proof that would not verify: of a verdict that is not the evidence's", async () => {
    const seen = await scene.seen();
    const [, ...fewer] = seen.admitted.verdict.reasons;
    const verdict = { ...seen.admitted.verdict, reasons: fewer };
    await keeper().admitted({ ...seen, admitted: { ...seen.admitted, verdict } });
    expect(said).toEqual(["thermostat PROOF_VERDICT_DIFFERS"]);
    expect(readdirSync(directory)).toEqual([]);
  });

  it("keeps none of what was refused", async () => {
    const seen = await scene.seen();
    const verdict = { ...seen.admitted.verdict, accepted: false };
    await keeper().admitted({ ...seen, admitted: { ...seen.admitted, verdict } });
    expect(said).toEqual(["thermostat PROOF_RELEASE"]);
  });

  it("lets proofs go with their releases, and nothing else", async () => {
    const one = keeper();
    const seen = await scene.seen();
    await one.admitted(seen);
    writeFileSync(join(directory, "notes.txt"), "the owner's");
    one.keep([record(seen)]);
    expect(readdirSync(directory)).toEqual([...FILES, "notes.txt"]);
    one.keep([]);
    expect(readdirSync(directory)).toEqual(["notes.txt"]);
    await one.admitted(seen);
    expect(readdirSync(directory)).toEqual([...FILES, "notes.txt"]);
  });

  it("has nothing to remove where there is no directory", () => {
    rmSync(directory, { recursive: true });
    keeper().keep([]);
    expect(listProofs(directory)).toEqual([]);
  });
});
