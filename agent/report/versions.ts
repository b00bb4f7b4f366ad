/**
 * The board's version manifest as a report: made when something of it changed, and once a day beside that, signed with
 * the device key and sent retained, so that the director's side always finds the last word.
 */

import { releasePaths } from "../../runtime/kernel/authority/manifest.ts";
import type { DeviceId } from "../../runtime/kernel/brand.ts";
import { hex } from "../../runtime/kernel/bytes.ts";
import { canonicalJson } from "../../runtime/kernel/canonical.ts";
import type { Fault } from "../../runtime/kernel/fault.ts";
import type { Signer } from "../../runtime/kernel/signer.ts";
import type { Clock, Random } from "../../runtime/kernel/world.ts";
import { INSTALLED_MAX, signVersionManifest, type Updater, type VersionManifest } from "../../updater/index.ts";
import type { Memory } from "../memory.ts";

export interface VersionsOptions {
  readonly device: DeviceId;
  readonly key: Signer;
  readonly updater: Pick<Updater, "view" | "commits">;
  readonly memory: Pick<Memory, "modules" | "timeFloor" | "nextManifest">;
  readonly clock: Clock;
  readonly random: Random;
  send(envelope: Uint8Array): void;
}

export interface VersionsReport {
  /** What the last round was refused for; undefined when it was not. */
  outcome(refused: Fault | undefined): void;
  /** After each round: says what is new, or nothing. */
  say(): Promise<void>;
}

const EVERY_MS = 86_400_000;

export function createVersionsReport(options: VersionsOptions): VersionsReport {
  const { device, updater, memory, clock } = options;
  let refused: Fault | undefined;
  let said = "";
  let saidAt = Number.NEGATIVE_INFINITY;

  const facts = (): Omit<VersionManifest, "schema" | "counter" | "nonce"> => ({
    device,
    commit: updater.commits(),
    timeFloor: Math.round(memory.timeFloor()),
    ...optional("metadata", updater.view()?.versions),
    installed: memory.modules
      .list()
      .flatMap(({ committed, candidate }) => [committed, candidate].filter((one) => one !== undefined))
      .slice(0, INSTALLED_MAX)
      .map(({ team, name, version, moduleSize, moduleSha256, releaseCounter }) => ({
        path: releasePaths(team, name, version).module,
        length: moduleSize,
        sha256: moduleSha256,
        releaseCounter,
      })),
    ...optional("refused", refused && { code: refused.code, kind: refused.kind }),
  });

  return {
    outcome(fault) {
      refused = fault;
    },
    async say() {
      const now = facts();
      const text = canonicalJson(now);
      if (text === said && clock.monotonic() - saidAt < EVERY_MS) return;
      const nonce = hex(options.random.bytes(16));
      options.send(await signVersionManifest({ ...now, counter: memory.nextManifest(), nonce }, options.key));
      said = text;
      saidAt = clock.monotonic();
    },
  };
}

/** A field that is absent rather than undefined. */
function optional<K extends string, V>(name: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [P in K]: V });
}
