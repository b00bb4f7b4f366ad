/** The checks that `npm run mutate` switches off, each with the tests that should notice. */

export interface Mutation {
  readonly check: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** Test files or folders that should notice. */
  readonly tests: string;
}

export const MUTATIONS: readonly Mutation[] = [
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
    tests: "test/unit/attest/appraise-continuity.test.ts",
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
    tests: "test/unit/attest/appraise-continuity.test.ts",
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

/** By file: what is switched off, its text, what takes its place, and the attack on attestations that should notice. */
export type Checks = Readonly<
  Record<string, readonly (readonly [check: string, from: string, to: string, tests: string])[]>
>;

export function mutationsOf(checks: Checks): readonly Mutation[] {
  return Object.entries(checks).flatMap(([file, list]) =>
    list.map(([check, from, to, tests]) => ({
      ...{ check, file, from, to },
      tests: tests.includes("/") ? tests : `test/attacks/attest/${tests}.test.ts`,
    })),
  );
}
