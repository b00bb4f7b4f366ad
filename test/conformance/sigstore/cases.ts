/**
 * sigstore-conformance's offline cases: each folder once with the artifact's path and once with its digest, through the
 * protocol's own command. A folder ending in `_fail` must be refused; the committed table says with which code, so that
 * a case cannot pass for another reason than it was made for.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runCommand } from "./command.ts";
import type { Row } from "./verdicts.ts";

const ISSUER = "https://token.actions.githubusercontent.com";
const SUBJECT =
  "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";

export interface Case {
  readonly name: string;
  readonly args: readonly string[];
  readonly isGood: boolean;
}

export function readCases(folder: string): readonly Case[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()
    .flatMap((name) => {
      const at = (file: string) => join(folder, name, file);
      const own = (file: string, otherwise: string) =>
        existsSync(at(file)) ? readFileSync(at(file), "utf8").trim() : otherwise;
      const key = existsSync(at("key.pub"));
      const artifact = existsSync(at("artifact")) ? at("artifact") : join(folder, "a.txt");
      const identity = ["--certificate-identity", own("identity", SUBJECT), "--certificate-oidc-issuer"];
      const args = [
        ...["verify-bundle", "--bundle", at("bundle.sigstore.json")],
        ...(key ? ["--key", at("key.pub")] : [...identity, own("issuer", ISSUER)]),
        ...(existsSync(at("trusted_root.json")) ? ["--trusted-root", at("trusted_root.json")] : []),
      ];
      const digest = `sha256:${createHash("sha256").update(readFileSync(artifact)).digest("hex")}`;
      const isGood = !name.endsWith("_fail");
      return [
        { name: `${name} path`, args: [...args, artifact], isGood },
        { name: `${name} digest`, args: [...args, digest], isGood },
      ];
    });
}

const CLIENT = fileURLToPath(new URL("client", import.meta.url));

/**
 * A refusal counts only as one: wrong arguments (status 2) pass no case. The case is run in this process; where `alone`,
 * by the client that the original suite starts as well, whose status must be the same.
 */
export function runCase({ name, args, isGood }: Case, alone: boolean): Row {
  const { status, code, says } = runCommand(args);
  const isRight = status === (isGood ? 0 : 1);
  if (!alone) return { name, verdict: code, isRight, says };
  const process = spawnSync(CLIENT, args, { encoding: "utf8" });
  const isSame = process.status === status;
  return {
    name,
    verdict: code,
    isRight: isRight && isSame,
    says: isSame ? says : `the client's status is ${process.status}, not ${status}: ${process.stderr}`,
  };
}
