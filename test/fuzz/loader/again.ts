/**
 * A module judged a second time, in ways that may not matter: beside a thousand other modules in one registry, with its
 * limits clamped as the agent has it, and written anew by the encoder, whose output is already in its shortest form.
 */
import { decodeModule } from "../../../runtime/binary/decode.ts";
import { encodeModule } from "../../../runtime/binary/encode.ts";
import { load } from "../../../runtime/binary/load.ts";
import type { FeatureSet } from "../../../runtime/module/features.ts";
import { createRegistry } from "../../../runtime/module/registry.ts";
import { validateModule } from "../../../runtime/validate/module.ts";

const CLAMPS = { memoryPages: 10, tableElements: 20 };
const SHARED_BY = 1000;
let registry = createRegistry();
let sharers = 0;

/** What came out differently, or undefined. */
export function unevenness(bytes: Uint8Array, accepted: boolean, features: FeatureSet): string | undefined {
  const decoded = decodeModule(bytes);
  if (!decoded.ok) return undefined;
  sharers += 1;
  if (sharers % SHARED_BY === 0) registry = createRegistry();
  const shared = validateModule(decoded.value, { features, registry });
  if (shared.ok !== accepted) return `in a shared registry: ${shared.ok ? "accepted" : shared.error.line()}`;
  const loaded = load(bytes, CLAMPS);
  if (!shared.ok) return undefined;
  const legacy = shared.value.features.includes("legacy-exceptions");
  // With exceptions of the old kind V8 says now this, now that: see the oracle.
  if (loaded.ok && !legacy && !WebAssembly.validate(loaded.value.bytes)) return "with clamped limits: refused by V8";
  const written = encodeModule(decoded.value);
  const read = decodeModule(written);
  if (!read.ok) return `written anew: ${read.error.line()}`;
  const valid = validateModule(read.value, { features });
  if (!valid.ok) return `written anew: ${valid.error.line()}`;
  if (!legacy && !WebAssembly.validate(written)) return "written anew: refused by V8";
  return Buffer.compare(encodeModule(read.value), written) === 0 ? undefined : "written anew twice: other bytes";
}
