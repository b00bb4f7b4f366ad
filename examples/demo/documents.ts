/** The owner's and the director's documents of the story: policy, board description, grants. */
import { parsePolicy } from "../../attest/index.ts";
import { type Cover, coversShape } from "../../runtime/kernel/authority/capability.ts";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { parseShape } from "../../runtime/kernel/shape.ts";
import { CI } from "./releases.ts";

/** What the owner lets any module of team acme have on a porch controller. The director grants within it. */
const CEILING = [
  { cap: "sensor", name: "room-temp" },
  { cap: "sensor", name: "cpu-temp" },
  { cap: "sensor", name: "load-1m" },
  { cap: "sensor", name: "memory-pressure" },
  { cap: "sensor", name: "uptime" },
  { cap: "gpio", line: "fan", dir: "out", maxHz: 10, safe: "low" },
  { cap: "publish", channel: "climate", perMin: 600 },
  { cap: "publish", channel: "system", perMin: 600 },
  { cap: "kv", bytes: 65_536 },
  { cap: "clock" },
  { cap: "identity" },
];

export function policyDocument(
  operatorPublicKey: string,
  ceiling: readonly unknown[] = CEILING,
  version = 1,
  subject: string = CI.subject,
): Uint8Array {
  const modules = { team: "acme" };
  const document = {
    schema: "sallyport.policy/1",
    version,
    evidence: [
      {
        devices: { all: true },
        modules,
        identities: [{ issuer: CI.issuer, subject }],
        builders: [CI.builder],
        sources: [CI.source],
        buildTypes: [CI.buildType],
      },
    ],
    ceilings: [{ devices: { class: "porch" }, modules, capabilities: ceiling }],
    operators: [
      {
        name: "ops",
        publicKey: operatorPublicKey,
        devices: { all: true },
        verbs: ["revoke", "restart", "refresh", "attest"],
      },
    ],
  };
  const bytes = utf8(JSON.stringify(document));
  unwrap(parsePolicy(bytes));
  return bytes;
}

/** The director grants all that the ceiling allows. */
export const GRANTS: readonly Cover[] = unwrap(parseShape(coversShape, CEILING, "grants"));

/** Simulated: a room and two lines. Real: this machine's load, memory pressure, uptime and, where there is one, its temperature. */
export function boardDocument(temperature: unknown): Uint8Array {
  const document = {
    schema: "sallyport.board/1",
    profile: "demo-board",
    lines: [
      { name: "fan", driver: "simulated", dir: "out", safe: "low" },
      { name: "door-lock", driver: "simulated", dir: "out", safe: "high" },
    ],
    sensors: [
      { name: "room-temp", driver: "simulated", unit: "celsius" },
      { name: "load-1m", driver: "system", metric: "load-1m" },
      { name: "memory-pressure", driver: "system", metric: "memory-pressure" },
      { name: "uptime", driver: "system", metric: "uptime" },
      ...(temperature === undefined ? [] : [{ ...Object(temperature), name: "cpu-temp" }]),
    ],
  };
  return utf8(JSON.stringify(document));
}
