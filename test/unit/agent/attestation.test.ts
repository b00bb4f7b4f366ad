/** The board's own word on what it runs: when it is said, what is in it, and what happens when it cannot be said. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Release } from "../../../agent/flow/inventory.ts";
import { agentDigest, bootId, ownDirectory } from "../../../agent/provision/own-files.ts";
import { type AttestationOptions, createAttestationReport } from "../../../agent/report/attestation.ts";
import type { Standing } from "../../../agent/supervise/supervisor.ts";
import { appraise, parseReference } from "../../../attest/index.ts";
import { deviceId, tenantId } from "../../../runtime/kernel/brand.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { sha256 } from "../../../runtime/kernel/digest.ts";
import { ok, unwrap } from "../../../runtime/kernel/result.ts";
import { parseShape } from "../../../runtime/kernel/shape.ts";
import { generateKeyPem, parseSigner } from "../../../runtime/kernel/signer.ts";
import { SteppingClock } from "../../fakes/clock.ts";

const NOW = Date.UTC(2026, 10, 21, 12);
const NONCE = "00112233445566778899aabbccddeeff";
const key = unwrap(parseSigner(generateKeyPem()));
const digestOf = (text: string) => sha256(utf8(text));
const release = (name: string, version = "1.0.0") =>
  ({
    ...{ team: "acme", name, version },
    ...{ moduleSha256: digestOf(`${name} ${version}`), manifestSha256: digestOf("manifest") },
  }) as unknown as Release;
const standing = (name: string, more: Partial<Standing> = {}): Standing => {
  return { release: release(name), state: "running", restarts: 0, grants: [], ...more };
};
/** Signing takes no timer: whatever was begun is over with the next turn. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

function board(more: Partial<AttestationOptions> = {}) {
  const clock = new SteppingClock(NOW);
  const world = { held: [] as Standing[], committed: [] as Release[], policy: 1, counter: 0 };
  const sent: { readonly envelope: Uint8Array; readonly retain: boolean }[] = [];
  const broken: unknown[] = [];
  const modules = { list: () => world.committed.map((committed) => ({ name: committed.name, committed, failed: [] })) };
  const report = createAttestationReport({
    device: unwrap(parseShape(deviceId, "porch-1", "device")),
    tenant: unwrap(parseShape(tenantId, "home", "tenant")),
    key,
    agentVersion: "0.1.0",
    agentDigest: Promise.resolve(ok(digestOf("agent"))),
    boot: { count: 3, id: Promise.resolve(undefined) },
    tier: "metered",
    clock,
    updater: { view: () => undefined },
    memory: {
      modules: modules as unknown as AttestationOptions["memory"]["modules"],
      timeFloor: () => NOW - 1000.5,
      nextAttestation: () => ++world.counter,
      seenPolicy: () => ({ version: world.policy, digest: digestOf(`policy ${world.policy}`) }),
    },
    standing: () => world.held,
    send: (envelope, retain) => void sent.push({ envelope, retain }),
    onBroken: (error) => void broken.push(error),
    ...more,
  });
  const said = () => sent.map(({ envelope }) => predicateIn(envelope));
  const pass = async (ms: number) => {
    clock.advance(ms);
    await settled();
  };
  return { report, clock, world, sent, said, broken, pass };
}

const reference = unwrap(
  parseReference(
    utf8(
      JSON.stringify({
        ...{ schema: "sallyport.reference/1", tenant: "home", device: "porch-1" },
        ...{ keys: [key.publicPem], maxAgeS: 90_000 },
      }),
    ),
  ),
);
function predicateIn(envelope: Uint8Array) {
  const { statement } = appraise({ envelope, reference, before: undefined, nowMs: NOW });
  if (statement === undefined) throw new Error("the board's word is genuine");
  return statement.predicate;
}

describe("the attestation", () => {
  it("is said within seconds of a change, once however many changes there were", async () => {
    const { report, world, sent, said, pass } = board();
    world.held = [standing("climate", { state: "starting" })];
    for (let n = 0; n < 20; n += 1) report.changed();
    world.held = [standing("climate")];
    await pass(1_999);
    expect(sent).toEqual([]);
    await pass(1);
    expect(sent.map(({ retain }) => retain)).toEqual([true]);
    expect(said()[0]).toMatchObject({
      counter: 1,
      timeMs: NOW + 2_000,
      modules: [{ name: "climate", state: "running" }],
    });
    expect(said()[0]).not.toHaveProperty("nonce");
  });

  it("is not said again when nothing changed, and is when grants, restarts, policy or a release did", async () => {
    const { report, world, said, pass } = board();
    world.held = [standing("climate")];
    const changes = [
      () => {},
      () => (world.held = [standing("climate", { grants: [{ cap: "gpio", line: "fan" }] })]),
      () => (world.held = [standing("climate", { restarts: 1 })]),
      () => (world.policy = 2),
      () => (world.held = [standing("climate", { release: release("climate", "2.0.0") })]),
      () => (world.held = []),
    ];
    for (const [index, change] of changes.entries()) {
      change();
      report.changed();
      await pass(2_000);
      report.changed();
      await pass(2_000);
      expect(said()).toHaveLength(index + 1);
    }
    expect(new Set(said().map(({ counter }) => counter)).size).toBe(changes.length);
  });

  it("tells of a release that is kept stopped, and of the one in probation instead of the one it replaces", async () => {
    const { report, world, said, pass } = board();
    world.committed = [release("climate"), release("old")];
    world.held = [standing("climate", { release: release("climate", "2.0.0"), state: "probation" })];
    report.changed();
    await pass(2_000);
    expect(said()[0]?.modules.map(({ name, version, state }) => `${name} ${version} ${state}`)).toEqual([
      "climate 2.0.0 probation",
      "old 1.0.0 stopped",
    ]);
  });

  it("is said once a day though nothing changes", async () => {
    const { report, said, pass } = board();
    report.changed();
    await pass(2_000);
    await pass(86_399_999);
    expect(said()).toHaveLength(1);
    await pass(1);
    await pass(86_400_000);
    expect(said().map(({ counter }) => counter)).toEqual([1, 2, 3]);
  });

  it("answers with the asker's nonce at once, not retained; what stands on the broker then counts higher", async () => {
    const { report, sent, said, pass } = board();
    report.changed();
    await pass(2_000);
    expect(unwrap(await report.answer(NONCE))).toBe(2);
    expect(sent.map(({ retain }) => retain)).toEqual([true, false]);
    expect(said()[1]).toMatchObject({ nonce: NONCE, counter: 2 });
    await pass(2_000);
    expect(sent.map(({ retain }) => retain)).toEqual([true, false, true]);
    expect(said()[2]).toMatchObject({ counter: 3 });
  });

  it("answers many one after the other, and refuses more than it can have waiting", async () => {
    const { report, said } = board();
    const answers = await Promise.all(Array.from({ length: 9 }, () => report.answer(NONCE)));
    expect(answers.map((one) => (one.ok ? one.value : one.error.code))).toEqual([
      1,
      2,
      3,
      4,
      5,
      6,
      7,
      8,
      "COMMAND_BUSY",
    ]);
    expect(said().map(({ counter }) => counter)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect((await report.answer(NONCE)).ok).toBe(true);
  });

  it("that cannot be signed is reported, tried again a minute later, and refused to who asked", async () => {
    let isBroken = true;
    const token = {
      ...key,
      sign: (bytes: Uint8Array) => (isBroken ? Promise.reject(new Error("no token")) : key.sign(bytes)),
    };
    const { report, said, broken, pass } = board({ key: token });
    report.changed();
    await pass(2_000);
    expect([said().length, broken.length]).toEqual([0, 1]);
    const refused = await report.answer(NONCE);
    expect(refused.ok ? "" : refused.error.line()).toContain(
      "COMMAND_FAILED: the command was taken and not carried out: no token",
    );
    isBroken = false;
    await pass(59_999);
    expect(said()).toHaveLength(0);
    await pass(1);
    expect(said()).toHaveLength(1);
  });

  it("is not made for those who still wait when it is closed", async () => {
    const { report, said } = board();
    const answers = Promise.all([1, 2, 3].map(() => report.answer(NONCE)));
    await report.close();
    expect((await answers).map((one) => (one.ok ? "" : one.error.code))).toEqual(Array(3).fill("COMMAND_BUSY"));
    expect(said()).toEqual([]);
  });

  it("leaves no timer behind and answers nobody once it is closed", async () => {
    const { report, clock, pass } = board();
    report.changed();
    await pass(2_000);
    await report.close();
    report.changed();
    expect(clock.waiting).toBe(0);
    const refused = await report.answer(NONCE);
    expect(refused.ok ? "" : refused.error.code).toBe("COMMAND_BUSY");
  });
});

describe("the agent's digest", () => {
  const scratch = mkdtempSync(join(tmpdir(), "sallyport-own-"));
  afterAll(() => rmSync(scratch, { recursive: true }));
  const tree = (name: string, files: Readonly<Record<string, string>>) => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(scratch, name, path, ".."), { recursive: true });
      writeFileSync(join(scratch, name, path), text);
    }
    return join(scratch, name);
  };
  const FILES = {
    "agent/main.ts": "main",
    "agent/a/b.ts": "b",
    "agent-b.txt": "no",
    "updater/x.ts": "x",
    "package.json": "{}",
  };

  it("is what sha256sum gives for the files, hashed once more", async () => {
    const rooms = ["agent", "attest", "devices", "runtime", "updater", "package.json", "package-lock.json"];
    const script = `find ${rooms.join(" ")} -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum`;
    const printed = execFileSync("sh", ["-c", script], { cwd: ownDirectory(), encoding: "utf8" });
    expect(`${unwrap(await agentDigest(ownDirectory()))}  -\n`).toBe(printed);
  });

  it("changes with any byte or name of a file, and with nothing outside the agent's rooms", async () => {
    const first = unwrap(await agentDigest(tree("one", FILES)));
    expect(unwrap(await agentDigest(tree("same", { ...FILES, "docs/x.md": "x", "agent-b.txt": "other" })))).toBe(first);
    const others = [
      { ...FILES, "agent/a/b.ts": "c" },
      { ...FILES, "agent/a/c.ts": "" },
      { ...FILES, "package.json": "{} " },
    ];
    for (const [index, files] of others.entries()) {
      expect(unwrap(await agentDigest(tree(`other-${index}`, files)))).not.toBe(first);
    }
  });

  it("follows no link, and is refused where there is no agent", async () => {
    const linked = tree("linked", FILES);
    symlinkSync("/etc/hostname", join(linked, "agent", "link.ts"));
    expect(unwrap(await agentDigest(linked))).toBe(unwrap(await agentDigest(tree("unlinked", FILES))));
    for (const directory of [tree("none", { "package.json": "{}" }), join(scratch, "absent")]) {
      const refused = await agentDigest(directory);
      expect(refused.ok ? "" : refused.error.code).toBe("PROVISION_OWN_FILES");
    }
  });

  it("comes with the kernel's id of this boot, where there is one", async () => {
    expect(await bootId()).toMatch(/^[0-9a-f-]{36}$/);
    expect(await bootId(join(scratch, "absent"))).toBeUndefined();
    tree("boot", { "agent/boot_id": "no uuid\n" });
    expect(await bootId(join(scratch, "boot", "agent", "boot_id"))).toBeUndefined();
  });
});
