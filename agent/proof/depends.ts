/**
 * What the answer of a verified proof rests on, as data: whose word was taken for what. A reader who does not believe
 * one of these need not believe the rest.
 */
import { fromUtf8 } from "../../runtime/kernel/bytes.ts";
import { sha256 } from "../../runtime/kernel/digest.ts";
import type { TrustedView } from "../../updater/index.ts";
import type { DeviceIdentity } from "./device.ts";
import type { Proof } from "./format.ts";
import type { ProvenRelease, Roots } from "./release.ts";
import type { Rejudged } from "./verdict.ts";

/** One repository's root as the reader gave it, and how far it led. */
export interface RootDependence {
  readonly sha256: string;
  readonly version: number;
  readonly keyIds: readonly string[];
  readonly threshold: number;
  /** The versions in force in the proof. */
  readonly versions: TrustedView["versions"]["image"];
}

export interface Dependence {
  readonly image: RootDependence;
  readonly director: RootDependence;
  /** The first of the metadata files to end, RFC 3339; the board's clock said that it had not. */
  readonly metadataUntil: string;
  readonly policy: { readonly version: number; readonly sha256: string };
  readonly sigstore: { readonly sha256: string; readonly services: readonly string[] };
  readonly time: {
    /** The board's word, RFC 3339. */
    readonly refreshed: string;
    readonly judged: string;
    readonly floor: string;
    /** Signed by authorities of the trusted root, oldest first. */
    readonly signed: readonly string[];
  };
  readonly device: DeviceIdentity;
  readonly agent: string;
  /** What a reader might take for proven and is not. */
  readonly notProven: readonly string[];
}

const RAN_ALREADY =
  "that it ran already when it was judged: the board says so, and an owner may want what runs only reported, not refused";

export function dependenceOf(
  proof: Proof,
  roots: Roots,
  proven: ProvenRelease,
  { verdict, policy, trust }: Rejudged,
  device: DeviceIdentity,
  metadataUntil: string,
): Dependence {
  const { refreshedMs, judgedMs, floorMs } = proof.time;
  const [signedLast] = verdict.signedTimesMs.slice(-1);
  return {
    image: rootOf(roots.image, proven.versions.image),
    director: rootOf(roots.director, proven.versions.director),
    metadataUntil,
    policy: { version: policy.version, sha256: sha256(proven.documents.policy) },
    sigstore: { sha256: trust.digest, services: servicesOf(proven.documents.trustedRoot) },
    time: {
      refreshed: at(refreshedMs),
      judged: at(judgedMs),
      floor: at(floorMs),
      signed: verdict.signedTimesMs.map(at),
    },
    device,
    agent: proof.agent.version,
    notProven: [
      "that the module ran, runs, or did what it should: only that this board admitted it",
      "that the program on the board is the one it says it is: the device key lies where that program runs",
      ...(device.by === "nothing"
        ? ["which device signed: its key was neither pinned nor certified by an authority that you gave"]
        : []),
      signedLast !== undefined && signedLast > judgedMs
        ? "when it was judged: the board's clock was behind the times that the evidence itself carries"
        : "when it was judged: that is the board's clock; the evidence shows only that it was not before the signed times",
      ...(proof.running ? [RAN_ALREADY] : []),
      device.certificate?.name.startsWith(`spiffe://${proof.tenant}/`)
        ? "class and region of the device: they are as the board was provisioned"
        : "tenant, class and region of the device: they are as the board was provisioned",
    ],
  };
}

function rootOf(bytes: Uint8Array, versions: TrustedView["versions"]["image"]): RootDependence {
  // Passed by the updater before: its form is known.
  const { signed } = JSON.parse(fromUtf8(bytes) ?? "") as {
    readonly signed: {
      readonly version: number;
      readonly roles: { readonly root: { readonly keyids: readonly string[]; readonly threshold: number } };
    };
  };
  const { keyids: keyIds, threshold } = signed.roles.root;
  return { sha256: sha256(bytes), version: signed.version, keyIds, threshold, versions };
}

/** The addresses that the trusted root gives its authorities and logs, each once. */
function servicesOf(trustedRoot: Uint8Array): readonly string[] {
  type Named = { readonly uri?: string; readonly baseUrl?: string };
  const lists = ["certificateAuthorities", "ctlogs", "tlogs", "timestampAuthorities"] as const;
  const parsed = JSON.parse(fromUtf8(trustedRoot) ?? "") as { readonly [List in (typeof lists)[number]]?: Named[] };
  const names = lists.flatMap((list) => parsed[list] ?? []).map(({ uri, baseUrl }) => uri ?? baseUrl);
  return [...new Set(names.filter((one) => typeof one === "string"))];
}

function at(ms: number): string {
  return new Date(ms).toISOString();
}
