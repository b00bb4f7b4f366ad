/**
 * `npm run mutate`: switches off one check after the other in a copy of the tree and runs the tests that should notice.
 * A mutation that no test notices is a check that nobody would miss: exit status 1.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOMS, ROOT } from "./tree.ts";

interface Mutation {
  readonly check: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** Test files or folders that should notice. */
  readonly tests: string;
}

const MUTATIONS: readonly Mutation[] = [
  {
    check: "TUF target hash",
    file: "updater/client/fetch-target.ts",
    from: "if (actual !== target.sha256) {",
    to: "if (false as boolean) {",
    tests: "test/unit/updater/store.test.ts",
  },
  {
    check: "a key under two ids counts once",
    file: "updater/client/thresholds.ts",
    from: "if (signing.size < delegation.threshold)",
    to: "if (false as boolean)",
    tests: "test/unit/updater/generic.test.ts",
  },
  {
    check: "one file for a role that two delegators name, fetched",
    file: "updater/client/refresh.ts",
    from: "if (loaded !== undefined) return",
    to: "if (false as boolean && loaded !== undefined) return",
    tests: "test/unit/updater/generic.test.ts",
  },
  {
    check: "one file for a role that two delegators name, kept",
    file: "updater/client/trust.ts",
    from: "if (before !== undefined && !equalBytes(before, bytes))",
    to: "if (false as boolean)",
    tests: "test/unit/updater/generic.test.ts",
  },
  {
    check: "director and image agree",
    file: "updater/client/view.ts",
    from: "if (differs !== undefined) return err(fault",
    to: "if (false as boolean) return err(fault",
    tests: "test/attacks/updater/the-key-of-the-director-is-stolen.test.ts",
  },
  {
    check: "release for this hardware",
    file: "updater/client/view.ts",
    from: "if (unfit !== undefined) return err(unfit);",
    to: "",
    tests: "test/attacks/updater/a-release-for-other-hardware-is-assigned.test.ts",
  },
  {
    check: "floors after a damaged vault",
    file: "updater/client/updater.ts",
    from: 'memory.check("image", trust);',
    to: "",
    tests: "test/unit/updater/memory.test.ts",
  },
  {
    check: "restored backup",
    file: "updater/client/trust-memory.ts",
    from: "if (isBehind) {",
    to: "if (false as boolean) {",
    tests: "test/unit/updater/memory.test.ts",
  },
  {
    check: "one updater for each directory",
    file: "updater/client/lock.ts",
    from: "throw lockedBy(directory, holder);",
    to: "void 0;",
    tests: "test/unit/updater/lock.test.ts",
  },
  {
    check: "new state synced before it takes the old one's place",
    file: "updater/client/vault.ts",
    from: "        syncDirectory(directory);\n",
    to: "",
    tests: "test/e2e/power.test.ts",
  },
  {
    check: "bounded step of the time floor",
    file: "agent/board-time.ts",
    from: "return Math.min(latest, floorMs + FLOOR_STEP_MAX_MS);",
    to: "return latest;",
    tests: "test/unit/agent/board-time.test.ts",
  },
  {
    check: "bundle identity",
    file: "attest/decide.ts",
    from: "if (isNamed(signer, rule.identities)) return undefined;",
    to: "if (isNamed(signer, rule.identities) || true) return undefined;",
    tests: "test/unit/attest",
  },
  {
    check: "subject digest",
    file: "attest/statement.ts",
    from: "if (missing.length === 0) return ok(undefined);",
    to: "if (missing.length >= 0) return ok(undefined);",
    tests: "test/unit/attest",
  },
  {
    check: "grant, at admission",
    file: "agent/flow/admit.ts",
    from: 'if (context.whenLacking === "refuse") unwrap(checkGrants(wanted, meet));',
    to: "",
    tests: "test/e2e/chain.test.ts",
  },
  {
    check: "grant, at each call: not granted",
    file: "devices/ledger.ts",
    from: "if (entry === undefined) return refuse(id, SP.EDENIED);",
    to: "if (entry === undefined) return 0;",
    tests: "test/unit/devices",
  },
  {
    check: "grant, at each call: revoked",
    file: "devices/ledger.ts",
    from: "if (entry.revoked !== undefined) return refuse(id, SP.EREVOKED);",
    to: "",
    tests: "test/unit/devices",
  },
  {
    check: "command signature",
    file: "agent/link/commands.ts",
    from: "if (verified.ok) return ok({ operator, keyId: key.value.keyId, payload: verified.value.payload });",
    to: 'return ok({ operator, keyId: key.value.keyId, payload: new Uint8Array(Buffer.from(envelope.payload, "base64")) });',
    tests: "test/unit/agent/link",
  },
  {
    check: "command sequence number",
    file: "agent/link/commands.ts",
    from: "return seq > last ? undefined",
    to: "return seq > last || true ? undefined",
    tests: "test/unit/agent/link",
  },
  {
    check: "memory clamp",
    file: "runtime/binary/limits.ts",
    from: "const clamped = Math.min(maximum, memoryPages);",
    to: "const clamped = maximum;",
    tests: "test/unit/runtime/load.test.ts",
  },
  {
    check: "a path that begins at the root",
    file: "runtime/wasi/walk.ts",
    from: 'if (path.startsWith("/")) throw new WasiError("perm");',
    to: 'if (path.startsWith("//")) throw new WasiError("perm");',
    tests: "test/unit/runtime/wasi",
  },
  {
    check: "a way up from the directory",
    file: "runtime/wasi/walk.ts",
    from: 'if (fd === undefined) throw new WasiError("perm");',
    to: "if (fd === undefined) return;",
    tests: "test/unit/runtime/wasi",
  },
  {
    check: "links in the middle are not followed",
    file: "runtime/wasi/host-files.ts",
    from: "openSync(at(directory, name), O_PATH | O_DIRECTORY | O_NOFOLLOW);",
    to: "openSync(at(directory, name), O_PATH | O_DIRECTORY);",
    tests: "test/unit/runtime/wasi",
  },
  {
    check: "links at the end are not followed",
    file: "runtime/wasi/host-files.ts",
    from: "openSync(at(directory, name), O_PATH | O_NOFOLLOW);",
    to: "openSync(at(directory, name), O_PATH);",
    tests: "test/unit/runtime/wasi",
  },
  {
    check: "other mounts",
    file: "runtime/wasi/walk.ts",
    from: "if (fd !== this.#base.fd && host.mountOf(fd) !== this.#base.root.mount) throw",
    to: "if (fd === -1) throw",
    tests: "test/unit/runtime/wasi",
  },
  {
    check: "only files and directories are opened",
    file: "runtime/wasi/path-open.ts",
    from: '    default:\n      throw new WasiError("perm");',
    to: "    default:\n      return addFile(ctx, base, host.reopen(fd, accessOf(rights), wish.fdflags), wish);",
    tests: "test/unit/runtime/wasi",
  },
  {
    check: "rights that a descriptor lacks",
    file: "runtime/wasi/descriptors.ts",
    from: "if ((entry.rights & rights) !== rights) throw",
    to: "if (rights === -1) throw",
    tests: "test/unit/runtime/wasi",
  },
  {
    check: "rights that a directory does not pass on",
    file: "runtime/wasi/path-open.ts",
    from: "if ((wanted & ~(passed | needless)) !== 0) throw",
    to: "if (wanted === -1) throw",
    tests: "test/unit/runtime/wasi",
  },
  {
    check: "rights that grow",
    file: "runtime/wasi/entry-calls.ts",
    from: "if (more(base, entry.rights) || more(inheriting, entry.inheriting)) throw",
    to: "if (more(base, -1)) throw",
    tests: "test/unit/runtime/wasi",
  },
  {
    check: "read-only directories",
    file: "runtime/wasi/create.ts",
    from: "const granted = readonly ? ~WRITE_RIGHTS : ~0;",
    to: "const granted = ~0;",
    tests: "test/unit/runtime/wasi",
  },
  {
    check: "hard links between directories",
    file: "runtime/wasi/path-calls.ts",
    from: "if (from.root.number !== to.root.number) throw",
    to: "if (from.root.number === -1) throw",
    tests: "test/unit/runtime/wasi",
  },
  {
    check: "directories of processes",
    file: "runtime/wasi/host-files.ts",
    from: "if (statfsSync(itself(fd)).type !== PROC_MAGIC) return fd;",
    to: "if (statfsSync(itself(fd)).type !== 0) return fd;",
    tests: "test/unit/runtime/wasi",
  },
  {
    check: "the quota of bytes",
    file: "runtime/wasi/context.ts",
    from: "if (room <= 0 && bytes > 0) throw",
    to: "if (room < Number.NEGATIVE_INFINITY) throw",
    tests: "test/unit/runtime/wasi",
  },
  {
    check: "descriptors of what was revoked",
    file: "runtime/wasi/descriptors.ts",
    from: "if (error instanceof Revoked) this.close(number);",
    to: "",
    tests: "test/unit/runtime/wasi",
  },
  {
    check: "a runtime attestation's counter rises",
    file: "attest/appraise-checks.ts",
    from: "if (predicate.counter > before.counter) return",
    to: "if (true as boolean) return",
    tests: "test/unit/attest/appraise.test.ts",
  },
  {
    check: "a runtime attestation answers the nonce",
    file: "attest/appraise-checks.ts",
    from: "return found === asked\n",
    to: "return (true as boolean)\n",
    tests: "test/unit/attest/appraise.test.ts",
  },
  {
    check: "a boot is a new start of the agent",
    file: "attest/appraise-checks.ts",
    from: "if (count > seen || (count === seen && id === seenBoot))",
    to: "if (true as boolean)",
    tests: "test/unit/attest/appraise.test.ts",
  },
  {
    check: "subjects of a runtime attestation follow from its predicate",
    file: "attest/appraise.ts",
    from: "if (canonicalJson(subject) !== canonicalJson(expected)) {",
    to: "if (false as boolean) {",
    tests: "test/unit/attest/appraise.test.ts",
  },
  {
    check: "one encoding of a runtime attestation",
    file: "attest/appraise.ts",
    from: "if (canonicalJson(parsed.value) !== fromUtf8(payload)) return",
    to: "if (false as boolean) return",
    tests: "test/unit/attest/appraise.test.ts",
  },
  {
    check: "a quote is over this statement",
    file: "attest/tpm/quote.ts",
    from: "if (hex(quote.extraData) !== quotedDigest(statement)) return",
    to: "if (false as boolean) return",
    tests: "test/unit/attest/appraise-tpm.test.ts",
  },
];

const copy = mkdtempSync(join(tmpdir(), "sallyport-mutate-"));
let unnoticed = 0;
try {
  for (const name of [...ROOMS, "docs", "package.json", "vitest.config.ts", "tsconfig.json"])
    cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
  for (const mutation of MUTATIONS) if (!noticed(mutation)) unnoticed += 1;
} finally {
  rmSync(copy, { recursive: true, force: true });
}
process.stdout.write(`${MUTATIONS.length - unnoticed} of ${MUTATIONS.length} switched-off checks were noticed\n`);
process.exitCode = unnoticed === 0 ? 0 : 1;

function noticed({ check, file, from, to, tests }: Mutation): boolean {
  const path = join(copy, file);
  const text = readFileSync(path, "utf8");
  if (text.split(from).length !== 2) {
    process.stdout.write(`${check.padEnd(34)} NOT FOUND in ${file}: the list is out of date\n`);
    return false;
  }
  writeFileSync(
    path,
    text.replace(from, () => to),
  );
  const run = spawnSync(
    join(ROOT, "node_modules", ".bin", "vitest"),
    ["run", "--bail=1", "--reporter=json", `--outputFile=${join(copy, "report.json")}`, tests],
    {
      cwd: copy,
      encoding: "utf8",
      timeout: 180_000,
    },
  );
  writeFileSync(path, text);
  const failing = failedTests();
  const [first = "nothing"] = failing;
  process.stdout.write(`${check.padEnd(34)} ${run.status === 0 ? "UNNOTICED" : `noticed, first by "${first}"`}\n`);
  return run.status !== 0 && failing.length > 0;
}

/** Names of the failed tests: a run that broke for another reason has none, and does not count as noticing. */
function failedTests(): readonly string[] {
  const path = join(copy, "report.json");
  if (!existsSync(path)) return [];
  const report: unknown = JSON.parse(readFileSync(path, "utf8"));
  rmSync(path);
  const files = list(report, "testResults");
  return files
    .flatMap((one) => list(one, "assertionResults"))
    .filter((one) => field(one, "status") === "failed")
    .map((one) => String(field(one, "fullName")));
}

function list(value: unknown, name: string): readonly unknown[] {
  const found = field(value, name);
  return Array.isArray(found) ? found : [];
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
