/**
 * One repository's metadata on its way from "downloaded" to "trusted": tuf-js's TrustedMetadataStore decides, this file
 * gives it our clock, checks what it does not know (device binding, delegation names) and names each refusal.
 *
 * The store flattens attack classes into few error types, so the class is taken from our own comparison of the versions
 * involved, never from a message. What the store already refuses is not decided a second time here.
 * A `Trust` is built anew for each refresh and thrown away on the first refusal: nothing is kept half.
 */
import type { Targets } from "@tufjs/models";
import { BadVersionError, EqualVersionError, ExpiredMetadataError } from "tuf-js/dist/error.js";
import { TrustedMetadataStore } from "tuf-js/dist/store.js";
import { assert } from "../../runtime/kernel/assert.ts";
import type { DeviceId } from "../../runtime/kernel/brand.ts";
import { equalBytes } from "../../runtime/kernel/bytes.ts";
import type { Fault } from "../../runtime/kernel/fault.ts";
import { fault } from "../faults.ts";
import type { DelegatedFile, RepositoryFiles } from "./files.ts";
import { type Header, namedVersions, type Place, type RepositoryName, readHeader } from "./header.ts";
import { type Profile, sallyport } from "./profile.ts";
import { classify, isSigned } from "./refusals.ts";
import { requireDifferentKeys } from "./thresholds.ts";
import { type Found, type Work, walk } from "./walk.ts";

export type { DelegatedFile, RepositoryFiles } from "./files.ts";

export interface Versions {
  readonly root: number;
  readonly timestamp: number;
  readonly snapshot: number;
  readonly targets: number;
}

export interface TrustOptions {
  readonly repository: RepositoryName;
  /** The root this board was provisioned with. */
  readonly pinned: Uint8Array;
  /** Set for the director: whose metadata this must be. */
  readonly device?: DeviceId;
  /** The time against which expiry is judged, ms. */
  readonly at: number;
  /** Which repositories are taken at all; the board's own unless said otherwise. */
  readonly profile?: Profile;
}

export class Trust {
  readonly #store: TrustedMetadataStore;
  readonly #options: TrustOptions;
  readonly #profile: Profile;
  readonly #roots: Uint8Array[] = [];
  readonly #delegated = new Map<string, DelegatedFile>();
  #timestampBytes: Uint8Array | undefined;
  #snapshotBytes: Uint8Array | undefined;
  #targetsBytes: Uint8Array | undefined;

  /** TUF 5.2: starts from the pinned root, which may itself be expired. */
  constructor(options: TrustOptions) {
    this.#options = options;
    this.#profile = options.profile ?? sallyport;
    const place = this.#place("root");
    this.#header(options.pinned, place);
    try {
      this.#store = new TrustedMetadataStore(Buffer.from(options.pinned));
    } catch (error) {
      throw classify(error, place);
    }
    // 5.1: the time is fixed for the whole update. The field is private in the types only; the clock is ours.
    Object.assign(this.#store, { referenceTime: new Date(options.at) });
  }

  get rootVersion(): number {
    return this.#store.root.signed.version;
  }

  get consistentSnapshot(): boolean {
    return this.#store.root.signed.consistentSnapshot;
  }

  /** The keys that may sign the online roles, by role: what tells a rotation (5.3.11). */
  onlineKeys(): readonly string[] {
    const { roles } = this.#store.root.signed;
    return ["timestamp", "snapshot"].flatMap((name) => roles[name]?.keyIDs.map((id) => `${name} ${id}`) ?? []);
  }

  /** 5.3.4 to 5.3.7: a root must be signed by the one before it and by itself, and be its direct successor. */
  root(bytes: Uint8Array): void {
    const place = this.#place("root");
    const header = this.#header(bytes, place);
    const trusted = this.rootVersion;
    const before = this.#store.root;
    try {
      this.#store.updateRoot(Buffer.from(bytes));
    } catch (error) {
      if (error instanceof BadVersionError) {
        throw fault("UPDATE_ROLLBACK", { ...place, offered: header.version, trusted }, error);
      }
      throw classify(error, place);
    }
    for (const one of [before, this.#store.root]) requireDifferentKeys(one, "root", this.#store.root, place);
    this.#roots.push(bytes);
  }

  /** 5.3.10: the newest root must not be expired. */
  rootIsFresh(): void {
    const { signed } = this.#store.root;
    if (signed.isExpired(new Date(this.#options.at))) throw this.#stale("root", signed.expires);
  }

  /** Puts the timestamp of before in place as the floor of 5.4.3; what does not verify is none. */
  recallTimestamp(bytes: Uint8Array): void {
    try {
      this.#store.updateTimestamp(Buffer.from(bytes));
    } catch {
      // One that is only expired stands in the store all the same, as a floor; `timestamp` asks whether it may be current.
      return;
    }
    this.#timestampBytes = bytes;
  }

  /** 5.4.2 to 5.4.4. The same version again keeps the one of before; the result says whether these bytes are in force. */
  timestamp(bytes: Uint8Array): boolean {
    const place = this.#place("timestamp");
    const header = this.#header(bytes, place);
    const before = this.#store.timestamp?.signed;
    let isNew = false;
    try {
      this.#store.updateTimestamp(Buffer.from(bytes));
      this.#timestampBytes = bytes;
      isNew = true;
    } catch (error) {
      this.#deviceBefore(error, header, place);
      if (error instanceof ExpiredMetadataError) throw this.#stale("timestamp", header.expires, error);
      if (!(error instanceof BadVersionError) || before === undefined) throw classify(error, place);
      if (!(error instanceof EqualVersionError)) {
        if (header.version < before.version) {
          throw fault("UPDATE_ROLLBACK", { ...place, offered: header.version, trusted: before.version }, error);
        }
        throw this.#wentBack(bytes, { "snapshot.json": before.snapshotMeta }, error) ?? classify(error, place);
      }
      if (before.isExpired(new Date(this.#options.at))) throw this.#stale("timestamp", before.expires, error);
    }
    requireDifferentKeys(this.#store.root, "timestamp", this.#store.timestamp, place);
    this.#isOurDevice(header, place);
    return isNew;
  }

  get snapshotWanted(): { readonly version: number; readonly length: number | undefined } {
    assert(this.#store.timestamp !== undefined, "the timestamp comes before the snapshot");
    const { version, length } = this.#store.timestamp.signed.snapshotMeta;
    return { version, length };
  }

  /**
   * Puts the snapshot of before in place: as the floor of 5.5.5 and, when it is the very file that the timestamp names,
   * as the current one; the result says which. What does not verify is neither.
   */
  recallSnapshot(bytes: Uint8Array): boolean {
    assert(this.#store.timestamp !== undefined, "the timestamp comes before the snapshot");
    try {
      this.#store.updateSnapshot(Buffer.from(bytes), true);
      this.#store.timestamp.signed.snapshotMeta.verify(Buffer.from(bytes));
    } catch {
      return false;
    }
    this.#snapshotBytes = bytes;
    return true;
  }

  /** 5.5.2 to 5.5.6. */
  snapshot(bytes: Uint8Array): void {
    const place = this.#place("snapshot");
    const header = this.#header(bytes, place);
    const wanted = this.snapshotWanted.version;
    const before = this.#store.snapshot?.signed.meta ?? {};
    try {
      this.#store.updateSnapshot(Buffer.from(bytes));
    } catch (error) {
      this.#deviceBefore(error, header, place);
      if (error instanceof ExpiredMetadataError) throw this.#stale("snapshot", header.expires, error);
      if (error instanceof BadVersionError && header.version !== wanted) {
        const what = `version ${header.version}, the timestamp names ${wanted}`;
        throw fault("UPDATE_MIX_AND_MATCH", { ...place, what }, error);
      }
      // What is left of the store's refusals after the signature held: a role vanished or went back (5.5.5).
      const back = isSigned(error) ? this.#wentBack(bytes, before, error) : undefined;
      throw back ?? classify(error, place);
    }
    requireDifferentKeys(this.#store.root, "snapshot", this.#store.snapshot, place);
    this.#isOurDevice(header, place);
    this.#snapshotBytes = bytes;
  }

  /** What the snapshot names for a role; a role that it does not name cannot be loaded. */
  targetsWanted(role: string): { readonly version: number; readonly length: number | undefined } {
    const meta = this.#store.snapshot?.signed.meta ?? {};
    const wanted = Object.hasOwn(meta, `${role}.json`) ? meta[`${role}.json`] : undefined;
    if (wanted === undefined) {
      throw fault("UPDATE_MIX_AND_MATCH", { ...this.#place(role), what: "the snapshot does not name it" });
    }
    return { version: wanted.version, length: wanted.length };
  }

  /** The file that a delegated role was loaded from, under whichever delegator. */
  loaded(role: string): Uint8Array | undefined {
    return [...this.#delegated.values()].find((one) => one.role === role)?.bytes;
  }

  /** 5.6.2 to 5.6.5, for the top-level targets (`targets`, delegated by `root`) and for delegated roles. */
  targets(role: string, delegator: string, bytes: Uint8Array): void {
    const place = this.#place(role);
    const wanted = this.targetsWanted(role);
    const header = this.#header(bytes, place);
    // The library has one place for each name: what one delegator vouched for must not change under its name because
    // another delegator leads there too.
    const before = this.loaded(role);
    if (before !== undefined && !equalBytes(before, bytes)) {
      throw fault("UPDATE_MIX_AND_MATCH", { ...place, what: "two delegations lead to two files" });
    }
    try {
      this.#store.updateDelegatedTargets(Buffer.from(bytes), role, delegator);
    } catch (error) {
      this.#deviceBefore(error, header, place);
      if (error instanceof ExpiredMetadataError) throw this.#stale(role, header.expires, error);
      if (error instanceof BadVersionError) {
        const what = `version ${header.version}, the snapshot names ${wanted.version}`;
        throw fault("UPDATE_MIX_AND_MATCH", { ...place, what }, error);
      }
      throw classify(error, place);
    }
    const by = delegator === "root" ? this.#store.root : this.#store.getRole(delegator);
    requireDifferentKeys(by, role, this.#store.getRole(role), place);
    this.#isOurDevice(header, place);
    this.#delegatesWell(role);
    if (role === "targets") this.#targetsBytes = bytes;
    else this.#delegated.set(edge(delegator, role), { role, delegator, bytes });
  }

  /** The verified targets of a role as its delegator vouches for it; undefined if it was not loaded. */
  role(role: string, delegator: string): Targets | undefined {
    if (role === "targets" ? this.#targetsBytes === undefined : !this.#delegated.has(edge(delegator, role))) {
      return undefined;
    }
    return this.#store.getRole(role)?.signed;
  }

  /** The owner's own role. */
  topTargets(): Targets {
    const targets = this.role("targets", "root");
    assert(targets !== undefined, "a committed repository has targets");
    return targets;
  }

  /** The search of 5.6.7. Throws UPDATE_DELEGATION when `work` is used up: what it found by then says nothing. */
  find(path: string, work?: Work): Found {
    const found = walk(path, (role, delegator) => this.role(role, delegator), work);
    if (work === undefined || work.left >= 0) return found;
    const reason = "the delegations take too much work to follow";
    throw fault("UPDATE_DELEGATION", { ...this.#place("targets"), delegate: path, reason });
  }

  /** Every role that is loaded, the top-level one first. */
  loadedRoles(): readonly { readonly role: string; readonly targets: Targets }[] {
    const names = new Set(["targets", ...[...this.#delegated.values()].map((one) => one.role)]);
    return [...names].flatMap((role) => {
      const targets = this.#store.getRole(role)?.signed;
      return targets === undefined ? [] : [{ role, targets }];
    });
  }

  files(): RepositoryFiles {
    assert(
      this.#timestampBytes !== undefined && this.#snapshotBytes !== undefined && this.#targetsBytes !== undefined,
      "a repository is complete before it is kept",
    );
    return {
      roots: [...this.#roots],
      timestamp: this.#timestampBytes,
      snapshot: this.#snapshotBytes,
      targets: this.#targetsBytes,
      delegated: [...this.#delegated.values()],
    };
  }

  versions(): Versions {
    const { root, timestamp, snapshot, targets } = this.#store;
    assert(timestamp && snapshot && targets, "a repository is complete before it is shown");
    return {
      root: root.signed.version,
      timestamp: timestamp.signed.version,
      snapshot: snapshot.signed.version,
      targets: targets.signed.version,
    };
  }

  #header(bytes: Uint8Array, place: Place): Header {
    return readHeader(bytes, place, this.#profile.entriesMax);
  }

  #place(role: string): Place {
    return { repository: this.#options.repository, role };
  }

  /** Which of the files that were named before is not named any more, or in an older version; 0 for one that is gone. */
  #wentBack(bytes: Uint8Array, before: Readonly<Record<string, { version: number }>>, cause: unknown) {
    const named = namedVersions(bytes);
    for (const [name, { version: trusted }] of Object.entries(before)) {
      const offered = named.get(name) ?? 0;
      if (offered >= trusted) continue;
      const role = name.replace(/\.json$/, "");
      return fault("UPDATE_ROLLBACK", { ...this.#place(role), offered, trusted }, cause);
    }
    return undefined;
  }

  #stale(role: string, expires: string, cause?: unknown): Fault {
    return fault("UPDATE_STALE", { ...this.#place(role), expires }, cause);
  }

  /** The device binding (DESIGN section 5): after the signature, before anything is kept. */
  #isOurDevice(header: Header, place: Place): void {
    const { device } = this.#options;
    if (device === undefined || header.device === device) return;
    const found = typeof header.device === "string" ? header.device : "no device";
    throw fault("UPDATE_WRONG_DEVICE", { ...place, device, found });
  }

  /** A refusal by version or expiry of a file that is another device's is first of all that. */
  #deviceBefore(error: unknown, header: Header, place: Place): void {
    if (isSigned(error)) this.#isOurDevice(header, place);
  }

  #delegatesWell(role: string): void {
    const delegations = this.#store.getRole(role)?.signed.delegations;
    if (delegations === undefined) return;
    const { roles, succinctRoles } = delegations;
    const names = roles === undefined ? [] : Object.keys(roles);
    if (succinctRoles !== undefined) names.push(succinctRoles.namePrefix);
    const refuse = (delegate: string, reason: string) =>
      fault("UPDATE_DELEGATION", { ...this.#place(role), delegate, reason });
    // Uptane 5.4.4.6: directed targets must not delegate.
    if (this.#options.device !== undefined) throw refuse(names.join(", "), "a director does not delegate");
    const bad = names.find((name) => !this.#profile.isRoleName(name));
    if (bad !== undefined) throw refuse(bad, "not an acceptable role name");
  }
}

/** One delegation; names may contain any separator. */
function edge(delegator: string, role: string): string {
  return JSON.stringify([delegator, role]);
}
