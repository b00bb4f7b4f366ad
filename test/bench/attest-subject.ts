/**
 * One process of the attestations' bench: `node attest-subject.js <way>` and the fixtures on standard input. `times` verifies
 * with every subject in turns and prints milliseconds of CPU time; the other ways verify with one subject only and print
 * the memory that this process then has. Nothing is imported that the way does not need.
 */
import { readFileSync } from "node:fs";
import type { Fixtures } from "../fuzz/attest/fixtures.ts";

export type Times = Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;

const [, , way = "", turns = "1"] = process.argv;
const fixtures: Fixtures = JSON.parse(readFileSync(0, "utf8"));
const decode = (text: string) => new Uint8Array(Buffer.from(text, "base64"));
/** The kernel accounts a thread's time in steps of some milliseconds: so many calls that a step is a hundredth. */
const CALLS = 40;
const QUICK_CALLS = 3000;
const BUNDLES = {
  "keyless, Rekor 1": "Rekor 1, timestamped",
  "keyless, Rekor 2": "Rekor 2, timestamped",
  "by a key, Rekor 1": "a laboratory's key, logged",
} as const;

type Call = () => unknown;
interface Subject {
  readonly call: Call;
  readonly calls: number;
}

/** As any program uses the library: parsed trust, one verifier, the bundle's bytes each time. */
async function stock(): Promise<(bytes: Uint8Array) => Call> {
  const { bundleFromJSON } = await import("@sigstore/bundle");
  const { TrustedRoot } = await import("@sigstore/protobuf-specs");
  const { toSignedEntity, toTrustMaterial, Verifier } = await import("@sigstore/verify");
  const { createPublicKey } = await import("node:crypto");
  const root = TrustedRoot.fromJSON(JSON.parse(Buffer.from(decode(fixtures.trustedRoot)).toString("utf8")));
  const publicKey = createPublicKey(fixtures.keys.laboratory);
  const material = { ...toTrustMaterial(root), publicKey: () => ({ publicKey, validFor: () => true }) };
  const verifier = new Verifier(material, { ctlogThreshold: 1, tlogThreshold: 1, timestampThreshold: 1 });
  return (bytes) => () =>
    verifier.verify(toSignedEntity(bundleFromJSON(JSON.parse(Buffer.from(bytes).toString("utf8")))));
}

interface Ours {
  readonly verify: Call;
  readonly judge: Call;
  readonly cached: Call;
}

async function ours(): Promise<(bytes: Uint8Array) => Ours> {
  const attest = await import("../../attest/index.ts");
  const { policyFor } = await import("./attest-policy.ts");
  const { artifacts, nowMs, keys } = fixtures;
  const unwrap = <T>(result: { ok: true; value: T } | { ok: false; error: Error }): T => {
    if (result.ok) return result.value;
    throw result.error;
  };
  const trust = unwrap(attest.parseTrustedRoot(decode(fixtures.trustedRoot)));
  const device = { id: "board-1", class: "gateway", region: "eu" };
  const module = { team: "acme", name: "thermostat", version: "1.2.3" };
  const pinned = unwrap(attest.parsePinnedKey(keys.laboratory));
  const remembering = attest.createJudge();
  return (bundle) => {
    const byKey = !Buffer.from(bundle).toString("utf8").includes('"certificate"');
    const policy = unwrap(attest.parsePolicy(policyFor(byKey ? keys.laboratory : undefined)));
    const input = { bundle, artifacts, module, device, policy, trust, nowMs };
    const bytes = new Uint8Array(0);
    const accepted = (verdict: { accepted: boolean; reasons: unknown }) => {
      if (!verdict.accepted) throw new Error(JSON.stringify(verdict.reasons));
    };
    return {
      // By a key, the door's own call is part of the judge; this is the one for artifacts, which then are others.
      verify: () =>
        byKey
          ? attest.verifyArtifact(bundle, trust, { bytes }, { keys: [pinned] })
          : attest.verifyBundle(bundle, trust),
      judge: () => accepted(attest.judge(input)),
      cached: () => accepted(remembering(input)),
    };
  };
}

async function raw(): Promise<Call> {
  const { createHash, generateKeyPairSync, sign, verify } = await import("node:crypto");
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const message = Buffer.alloc(4096, 7);
  const signature = sign("sha256", message, privateKey);
  return () => {
    createHash("sha256").update(message).digest();
    if (!verify("sha256", message, publicKey, signature)) throw new Error("a good signature");
  };
}

async function times(): Promise<Times> {
  const [verifyStock, ourCalls, crypto] = [await stock(), await ours(), await raw()];
  const out: Record<string, Record<string, number[]>> = {};
  for (const [name, key] of Object.entries(BUNDLES)) {
    const bytes = decode(fixtures.attestations[key] ?? "");
    const { verify, judge, cached } = ourCalls(bytes);
    const subjects: Readonly<Record<string, Subject>> = {
      "@sigstore/verify": { call: verifyStock(bytes), calls: CALLS },
      verify: { call: verify, calls: CALLS },
      judge: { call: judge, calls: CALLS },
      "judge, cached": { call: cached, calls: QUICK_CALLS },
      "node:crypto, one ECDSA": { call: crypto, calls: QUICK_CALLS },
    };
    const lists: Record<string, number[]> = Object.fromEntries(Object.keys(subjects).map((one) => [one, []]));
    for (let turn = -2; turn < Number(turns); turn += 1) {
      // Every turn begins with another one, so that none is always behind the same.
      const order = Object.entries(subjects);
      for (let at = 0; at < order.length; at += 1) {
        const [subject, one] = order[(at + turn + 2) % order.length] ?? ["", undefined];
        if (one === undefined) continue;
        const ms = cpuMsOf(one);
        if (turn >= 0) lists[subject]?.push(ms);
      }
    }
    out[name] = lists;
  }
  return out;
}

function cpuMsOf({ call, calls }: Subject): number {
  const since = process.threadCpuUsage();
  for (let left = calls; left > 0; left -= 1) call();
  const { user, system } = process.threadCpuUsage(since);
  return (user + system) / 1000 / calls;
}

async function memory(): Promise<{ readonly rssMiB: number }> {
  const bundles = Object.values(BUNDLES).map((key) => decode(fixtures.attestations[key] ?? ""));
  const make = way === "stock" ? await stock() : undefined;
  const own = way === "ours" ? await ours() : undefined;
  for (let left = 20; left > 0; left -= 1) {
    for (const bytes of bundles) {
      make?.(bytes)();
      own?.(bytes).judge();
    }
  }
  (globalThis as { gc?: () => void }).gc?.();
  const status = readFileSync("/proc/self/status", "utf8");
  return { rssMiB: Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024 };
}

process.stdout.write(JSON.stringify(way === "times" ? await times() : await memory()));
