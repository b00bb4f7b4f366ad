/** A key that never leaves its token signs metadata, through the example's signer program and SoftHSM. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { readKey, readPublicHalf } from "../../../updater/repository/index.ts";
import { makeReadySite } from "./site.ts";

const SIGNER = fileURLToPath(new URL("../../../examples/signers/pkcs11.ts", import.meta.url));
const MODULE = ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so"].find((one) => existsSync(one));
const runs = (program: string) => spawnSync(program, ["--help"]).error === undefined;
const isInstalled = MODULE !== undefined && runs("softhsm2-util") && runs("pkcs11-tool");

/** A new token with one key; the file is the description of its signer. */
function token(type: string): string {
  const folder = mkdtempSync(join(tmpdir(), "sallyport-token-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "tokens"));
  writeFileSync(join(folder, "softhsm2.conf"), `directories.tokendir = ${join(folder, "tokens")}\nlog.level = ERROR\n`);
  vi.stubEnv("SOFTHSM2_CONF", join(folder, "softhsm2.conf"));
  vi.stubEnv("PKCS11_PIN", "1234");
  onTestFinished(() => void vi.unstubAllEnvs());
  const quiet = { stdio: "pipe" } as const;
  const label = "owners";
  execFileSync(
    "softhsm2-util",
    ["--init-token", "--free", "--label", label, "--so-pin", "5678", "--pin", "1234"],
    quiet,
  );
  const where = ["--module", MODULE ?? "", "--token-label", label, "--login", "--pin", "1234"];
  execFileSync("pkcs11-tool", [...where, "--keypairgen", "--key-type", type, "--id", "01"], quiet);
  const file = join(folder, "hsm.json");
  const described = execFileSync(process.execPath, ["--no-warnings", SIGNER, "describe", MODULE ?? "", label, "01"]);
  writeFileSync(file, described);
  return file;
}

describe.skipIf(!isInstalled)("a token (softhsm2 and opensc are needed)", { timeout: 60_000 }, () => {
  it.each([
    ["EC:prime256v1", "ecdsa-sha2-nistp256"],
    ["rsa:2048", "rsassa-pss-sha256"],
  ])("with a key %s signs, and its public half verifies", async (type, scheme) => {
    const file = token(type);
    const key = unwrap(readKey(file, undefined));
    expect(key.key.scheme).toBe(scheme);
    const signature = await key.signer.sign(utf8("payload"));
    expect(unwrap(readPublicHalf(file, undefined)).verify(utf8("payload"), signature)).toBe(true);
  });

  it("becomes the image's online key, and boards believe it", async () => {
    const site = await makeReadySite();
    const file = token("EC:prime256v1");
    const { key } = unwrap(await site.repositories.addKey(file));
    const edit = { add: [{ name: "hsm", key }], remove: [], replace: true } as const;
    const roles = ["timestamp", "snapshot"] as const;
    unwrap(await site.repositories.rotate({ what: "online", repository: "image", roles, edit }));
    unwrap(await site.repositories.resign());
    expect(unwrap(await site.board().refresh()).versions.image.root).toBe(2);
  });

  it("whose PIN is wrong signs nothing, and says so", async () => {
    const key = unwrap(readKey(token("EC:prime256v1"), undefined));
    vi.stubEnv("PKCS11_PIN", "0000");
    await expect(key.signer.sign(utf8("payload"))).rejects.toMatchObject({ code: "REPO_SIGNER" });
  });
});
