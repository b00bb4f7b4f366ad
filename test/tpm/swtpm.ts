/** A TPM 2.0 in software for tests (swtpm, tpm2-tools): made new, listening on loopback, with the keys that a board has. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Programs of the Debian packages swtpm and tpm2-tools. */
export const PROGRAMS = [
  "swtpm",
  "tpm2_createprimary",
  "tpm2_evictcontrol",
  "tpm2_flushcontext",
  "tpm2_pcrextend",
  "tpm2_quote",
  "tpm2_readpublic",
  "tpm2_sign",
] as const;
export const missingPrograms = (): readonly string[] =>
  PROGRAMS.filter((program) => spawnSync(program, ["--version"]).error !== undefined);

export const DEVICE_KEY = "0x81010010";
export const EC_QUOTE_KEY = "0x81010011";
export const RSA_QUOTE_KEY = "0x81010012";
const ATTRIBUTES = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign|noda";

export class SoftwareTpm {
  readonly folder = mkdtempSync(join(tmpdir(), "sallyport-tpm-"));
  #child: ChildProcess | undefined;
  tcti = "";

  static async start(): Promise<SoftwareTpm> {
    const tpm = new SoftwareTpm();
    await tpm.#listen();
    tpm.#makeKey("ecc256:ecdsa-sha256:null", ATTRIBUTES, DEVICE_KEY);
    tpm.#makeKey("ecc256:ecdsa-sha256:null", `${ATTRIBUTES}|restricted`, EC_QUOTE_KEY);
    tpm.#makeKey("rsa2048:rsassa-sha256:null", `${ATTRIBUTES}|restricted`, RSA_QUOTE_KEY);
    return tpm;
  }

  /** The tools reach the command port; the port for control has to be the next one. */
  async #listen(): Promise<void> {
    mkdirSync(join(this.folder, "state"));
    for (let attempt = 0; attempt < 10; attempt += 1) {
      const port = await freePort();
      const on = (number: number) => `type=tcp,bindaddr=127.0.0.1,port=${number}`;
      const child = spawn(
        "swtpm",
        [
          ...[
            "socket",
            "--tpm2",
            "--tpmstate",
            `dir=${join(this.folder, "state")}`,
            "--flags",
            "not-need-init,startup-clear",
          ],
          ...["--server", on(port), "--ctrl", on(port + 1)],
        ],
        { stdio: "ignore" },
      );
      const end = once(child, "exit");
      if (await Promise.race([listens(port), end.then(() => false)])) {
        this.#child = child;
        this.tcti = `swtpm:host=127.0.0.1,port=${port}`;
        return;
      }
    }
    throw new Error("swtpm found no two free ports");
  }

  run(tool: string, ...args: readonly string[]): string {
    const env = { ...process.env, TPM2TOOLS_TCTI: this.tcti, TSS2_LOG: "all+NONE" };
    return execFileSync(tool, [...args], { cwd: this.folder, env, encoding: "utf8", stdio: "pipe" });
  }

  /** Without a resource manager objects stay loaded until they are flushed. */
  #makeKey(algorithm: string, attributes: string, handle: string): void {
    this.run("tpm2_createprimary", "-Q", "-C", "o", "-g", "sha256", "-G", algorithm, "-a", attributes, "-c", "key.ctx");
    this.run("tpm2_flushcontext", "-t");
    this.run("tpm2_evictcontrol", "-Q", "-C", "o", "-c", "key.ctx", handle);
    this.run("tpm2_flushcontext", "-t");
  }

  publicPem(handle: string): string {
    this.run("tpm2_readpublic", "-Q", "-c", handle, "-f", "pem", "-o", "public.pem");
    return readFileSync(join(this.folder, "public.pem"), "utf8");
  }

  /** The machine measures something more. */
  extend(register: number, digest: string): void {
    this.run("tpm2_pcrextend", `${register}:sha256=${digest}`);
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const end = once(child, "exit");
      child.kill("SIGTERM");
      await end;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Asks until somebody answers; the child's end is watched beside it. */
async function listens(port: number): Promise<boolean> {
  for (let attempt = 0; attempt < 500; attempt += 1) {
    const socket = connect(port, "127.0.0.1");
    const isUp = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => setTimeout(resolve, 10, false));
    });
    socket.destroy();
    if (isUp) return true;
  }
  return false;
}
