/** A day with the command line: every verb of the chain as a process, as a person would type it. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { policyDocument } from "../../examples/demo/documents.ts";
import { CI } from "../../examples/demo/releases.ts";
import { buildRoomClimate } from "../../examples/room-climate/build.ts";
import { startSigstore } from "../fakes/sigstore.ts";
import { ROOT } from "../tree.ts";

const folder = mkdtempSync(join(tmpdir(), "sallyport-cli-"));
const at = (name: string) => join(folder, name);
const main = join(ROOT, "agent", "main.ts");
const servers: ChildProcess[] = [];
let sigstore: Awaited<ReturnType<typeof startSigstore>>;

interface Done {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

function sallyport(...args: readonly string[]): Promise<Done> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { cwd: folder, timeout: 30_000 }, (error, out, err) => {
      const status = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ status, out, err });
    });
  });
}

/** Starts a verb that serves, and gives the first line it prints. */
async function serving(...args: readonly string[]): Promise<{ readonly child: ChildProcess; readonly first: string }> {
  const child = spawn(process.execPath, [main, ...args], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  servers.push(child);
  const lines = createInterface({ input: child.stdout });
  const [first] = await once(lines, "line");
  return { child, first };
}

const good = async (...args: readonly string[]) => {
  const done = await sallyport(...args);
  expect(done, `${args.join(" ")}${done.err}`).toMatchObject({ status: 0 });
  return done.out.trim();
};

let link: readonly string[] = [];
beforeAll(async () => {
  sigstore = await startSigstore();
});
afterAll(async () => {
  for (const child of servers) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const exit = once(child, "exit");
    child.kill("SIGTERM");
    await exit;
  }
  await sigstore.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("the command line", () => {
  it("makes repositories, keys, a policy and a board", async () => {
    await good("repo", "init", "--dir", "repo", "--tenant", "demo", "--team", "acme");
    await good("keygen", "op.pem");
    const { readFileSync } = await import("node:fs");
    writeFileSync(at("policy.json"), policyDocument(readFileSync(at("op.pem.pub"), "utf8")));
    writeFileSync(at("trusted_root.json"), sigstore.trustedRoot);
    await good("repo", "add", "--dir", "repo", "policy/policy.json", "policy.json");
    await good("repo", "add", "--dir", "repo", "trust/trusted_root.json", "trusted_root.json");
    const { first: url } = await serving("repo", "serve", "--dir", "repo");
    writeFileSync(
      at("accounts.json"),
      JSON.stringify([
        { username: "porch-1", password: "device-secret", kind: "device", tenant: "demo", device: "porch-1" },
        { username: "operator", password: "operator-secret", kind: "operator" },
      ]),
    );
    writeFileSync(at("device.pw"), "device-secret\n");
    writeFileSync(at("operator.pw"), "operator-secret\n");
    writeFileSync(at("board.json"), readFileSync(join(ROOT, "examples", "room-climate", "board.json")));
    const { first: broker } = await serving("broker", "--accounts", "accounts.json");
    const roots = [
      "--image-root",
      "repo/image/metadata/1.root.json",
      "--director-root",
      "repo/director-root/1.root.json",
    ];
    const where = ["--repo-url", url, "--broker", broker, "--password-file", "device.pw", "--board", "board.json"];
    await good(
      "provision",
      "--dir",
      "board",
      "--device",
      "porch-1",
      "--tenant",
      "demo",
      "--class",
      "porch",
      ...roots,
      ...where,
    );
    const again = await sallyport(
      "provision",
      "--dir",
      "board",
      "--device",
      "porch-1",
      "--tenant",
      "demo",
      ...roots,
      ...where,
    );
    expect(again.status).toBe(1);
    expect(again.err).toContain("PROVISION_EXISTS");
    link = ["--broker", broker, "--password-file", "operator.pw", "--tenant", "demo", "--device", "porch-1"];
  });

  it("attests, verifies and publishes a release, and refuses evidence that is not for it", async () => {
    const built = await buildRoomClimate({ release: "1.0.0" });
    writeFileSync(at("module.wasm"), built.module);
    writeFileSync(at("manifest.json"), built.manifest);
    writeFileSync(at("token"), sigstore.tokenFor({ issuer: CI.issuer, subject: CI.subject }));
    const files = ["--manifest", "manifest.json", "--module", "module.wasm"];
    const services = [
      "--fulcio",
      sigstore.fulcioUrl,
      "--rekor",
      sigstore.rekorUrl,
      "--tsa",
      sigstore.tsaUrl,
      "--token-file",
      "token",
    ];
    const says = ["--builder", CI.builder, "--build-type", CI.buildType, "--source", CI.source];
    await good("attest", "provenance", ...files, "--out", "bundle.json", ...says, ...services);
    const evidence = ["--bundle", "bundle.json", "--policy", "policy.json", "--trusted-root", "trusted_root.json"];
    expect(await good("verify", ...files, ...evidence)).toContain("accepted");
    const other = await buildRoomClimate({ release: "2.0.0" });
    writeFileSync(at("other.json"), other.manifest);
    writeFileSync(at("other.wasm"), other.module);
    const refused = await sallyport("verify", "--manifest", "other.json", "--module", "other.wasm", ...evidence);
    expect(refused.status).toBe(1);
    expect(refused.out).toContain("ATTEST_SUBJECT_MISMATCH");
    await good("repo", "publish", "--dir", "repo", ...files, "--bundle", "bundle.json");
    const grants = ["sensor:room-temp", "gpio:fan:out", "publish:climate", "publish:system", "kv"].flatMap((one) => [
      "--grant",
      one,
    ]);
    const assign = ["repo", "assign", "--dir", "repo", "--device", "porch-1", "--probation", "1"];
    await good(...assign, "--module", "acme/room-climate@1.0.0", ...grants);
    await good("repo", "refresh", "--dir", "repo");
  });

  it("runs the agent, watches it, shows grants, revokes one and says when a key may not", async () => {
    const agent = spawn(process.execPath, [main, "agent", "run", "--dir", "board"], { cwd: folder, stdio: "ignore" });
    servers.push(agent);
    const watch = spawn(process.execPath, [main, "watch", ...link], {
      cwd: folder,
      stdio: ["ignore", "pipe", "inherit"],
    });
    servers.push(watch);
    const lines = createInterface({ input: watch.stdout });
    const seen: string[] = [];
    await new Promise<void>((resolve) => {
      lines.on("line", (line) => {
        seen.push(line);
        if (line.includes("telemetry") && line.includes("room-climate/climate")) resolve();
      });
    });
    expect(seen.some((line) => line.includes("presence") && line.includes("ready"))).toBe(true);
    expect(await good("grants", ...link)).toContain("gpio:fan");
    const revoke = ["revoke", ...link, "--module", "room-climate", "--cap", "gpio:fan"];
    expect(await good(...revoke, "--key", "op.pem")).toContain("revoked gpio:fan");
    expect(await good("grants", ...link)).toContain("revoked by");
    expect(await good("refresh", ...link, "--key", "op.pem")).toContain("took refresh");
    await good("keygen", "stranger.pem");
    const stranger = await sallyport(...revoke, "--key", "stranger.pem", "--timeout", "1");
    expect(stranger).toMatchObject({ status: 1 });
    expect(stranger.err).toContain("CLI_TIMEOUT");
  });

  it("runs a module straight from a file", async () => {
    const out = await good(
      "run",
      "module.wasm",
      "--manifest",
      "manifest.json",
      "--board",
      "board.json",
      "--grant",
      "all",
      "--for",
      "2",
    );
    expect(out).toMatch(/climate \{"release":"1.0.0"/);
  });

  it("reads a module for people: is it valid, what does it need, what does it say", async () => {
    expect(await good("validate", "module.wasm")).toMatch(/^module\.wasm: valid/);
    expect(await good("inspect", "module.wasm")).toMatch(/Needs\n {2}gpio {5}for gpio_open/);
    expect(JSON.parse(await good("inspect", "module.wasm", "--json"))).toMatchObject({ invalid: null });
    expect(await good("wat", "module.wasm")).toMatch(/^\(module\n[\s\S]*\n\)$/);
    expect(await good("wat", "module.wasm", "--function", "sp_init")).toMatch(/^\(func .*sp_init/);
  });

  it("answers bad input with one line and a code, never a stack", async () => {
    writeFileSync(at("broken.wasm"), "not wasm");
    writeFileSync(at("broken.json"), '{"schema":"sallyport.module/2"}');
    const cases: readonly (readonly [readonly string[], number, string])[] = [
      [["nonsense"], 2, "CLI_USAGE"],
      [["repo", "nonsense"], 2, "CLI_USAGE"],
      [["revoke", "--wat"], 2, "CLI_USAGE"],
      [["repo", "assign", "--dir", "repo", "--device", "porch-1", "--module", "x"], 2, "CLI_USAGE"],
      [
        ["repo", "assign", "--dir", "repo", "--device", "porch-1", "--module", "acme/ghost@1.0.0"],
        1,
        "REPO_NOT_RELEASED",
      ],
      [["run", "broken.wasm", "--manifest", "manifest.json"], 1, "LOAD_MALFORMED"],
      [["validate", "broken.wasm"], 1, "LOAD_MALFORMED"],
      [["validate", "module.wasm", "--without", "mvp"], 1, "VALIDATE_FEATURE"],
      [["wat", "module.wasm", "--function", "nobody"], 2, "CLI_USAGE"],
      [["inspect"], 2, "CLI_USAGE"],
      [["run", "module.wasm", "--manifest", "broken.json"], 1, "SHAPE_MISMATCH"],
      [["agent", "run", "--dir", "nowhere"], 1, "PROVISION_INCOMPLETE"],
      [["repo", "init", "--dir", "repo", "--tenant", "demo"], 1, "REPO_EXISTS"],
      [["explain", "NO_SUCH_CODE"], 1, "CLI_UNKNOWN_CODE"],
      [
        ["watch", "--broker", "mqtt://127.0.0.1:1", "--password-file", "operator.pw", "--tenant", "t", "--device", "d"],
        1,
        "FLEET_BROKER",
      ],
    ];
    for (const [args, status, code] of cases) {
      const done = await sallyport(...args);
      expect(done, `${args.join(" ")}${done.err}`).toMatchObject({ status });
      expect(done.err, args.join(" ")).toContain(code);
      expect(done.err).not.toMatch(/\n\s+at .*:\d+/);
    }
  });
});
