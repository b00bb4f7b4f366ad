/**
 * effective = requested ∩ granted ∩ ceiling (DESIGN section 3.3). Pure; can only narrow. What is wanted and not covered
 * by the grant and by every ceiling that matches is missing; a missing capability that the manifest does not call
 * optional refuses admission. No ceiling at all covers nothing.
 */
import { assert } from "../assert.ts";
import { type Capability, type CapabilityId, type Cover, capabilityId, type Wish } from "./capability.ts";

export interface Missing {
  readonly capability: CapabilityId;
  readonly optional: boolean;
  /** Which of the two did not cover it; `profile`: the deterministic one has no clock and no chance. */
  readonly by: "grant" | "ceiling" | "both" | "profile";
}

export interface Meet {
  readonly effective: readonly Capability[];
  readonly missing: readonly Missing[];
}

export function meetCapabilities(
  wanted: readonly Wish[],
  granted: readonly Cover[],
  ceilings: readonly (readonly Cover[])[],
): Meet {
  const effective: Capability[] = [];
  const missing: Missing[] = [];
  for (const wish of wanted) {
    const grant = covering(wish, granted);
    const limits = ceilings.map((ceiling) => covering(wish, ceiling)).filter((one) => one !== undefined);
    const capped = ceilings.length > 0 && limits.length === ceilings.length;
    if (grant !== undefined && capped) effective.push([grant, ...limits].reduce(narrow, asked(wish)));
    else {
      const by = grant !== undefined ? "ceiling" : capped ? "grant" : "both";
      missing.push({ capability: capabilityId(wish), optional: wish.optional ?? false, by });
    }
  }
  return { effective, missing };
}

/** Without the capabilities whose answers nobody can repeat. */
export function withoutChance({ effective, missing }: Meet, wanted: readonly Wish[]): Meet {
  const isChance = ({ cap }: { readonly cap: string }) => cap === "clock" || cap === "random";
  const gone = wanted.filter((wish) => isChance(wish) && effective.some((one) => one.cap === wish.cap));
  return {
    effective: effective.filter((one) => !isChance(one)),
    missing: [
      ...missing,
      ...gone.map((wish) => ({
        capability: capabilityId(wish),
        optional: wish.optional ?? false,
        by: "profile" as const,
      })),
    ],
  };
}

/**
 * The cover for exactly this capability. A line granted as input does not cover an output, nor the other way round; a
 * directory granted for reading does not cover one that is to be written.
 */
function covering(wish: Wish, covers: readonly Cover[]): Cover | undefined {
  const id = capabilityId(wish);
  const found = covers.find((one) => capabilityId(one) === id);
  if (found?.cap === "gpio" && wish.cap === "gpio" && found.dir !== wish.dir) return undefined;
  if (found?.cap === "dir" && wish.cap === "dir" && found.mode === "ro" && wish.mode === "rw") return undefined;
  return found;
}

/** The wish as if everything it asks for were covered. */
function asked(wish: Wish): Capability {
  const { optional: _, ...rest } = wish;
  if (rest.cap === "gpio") return { ...rest, safe: rest.safe ?? "low" };
  return rest.cap === "dir" ? { ...rest, bytes: rest.bytes ?? 0 } : rest;
}

/** One step down: the capability within one more cover. A cover's `safe` level, when given, replaces the wish's. */
function narrow(held: Capability, cover: Cover): Capability {
  assert(held.cap === cover.cap, "a cover is of the wish's kind");
  switch (held.cap) {
    case "gpio":
      assert(cover.cap === "gpio", "same kind");
      return { ...held, maxHz: least(held.maxHz, cover.maxHz), safe: cover.safe ?? held.safe };
    case "sensor":
      assert(cover.cap === "sensor", "same kind");
      return { ...held, maxHz: least(held.maxHz, cover.maxHz) };
    case "publish":
      assert(cover.cap === "publish", "same kind");
      return {
        ...held,
        qos: cover.qos === 0 ? 0 : held.qos,
        perMin: least(held.perMin, cover.perMin),
        maxBytes: least(held.maxBytes, cover.maxBytes),
      };
    case "subscribe":
      assert(cover.cap === "subscribe", "same kind");
      return { ...held, queue: least(held.queue, cover.queue) };
    case "kv":
      assert(cover.cap === "kv", "same kind");
      return {
        ...held,
        bytes: least(held.bytes, cover.bytes),
        writesPerMin: least(held.writesPerMin, cover.writesPerMin),
      };
    case "clock":
      assert(cover.cap === "clock", "same kind");
      return { ...held, resolution: cover.resolution === "coarse" ? "coarse" : held.resolution };
    case "random":
      return held;
    case "identity":
      assert(cover.cap === "identity", "same kind");
      return { ...held, what: held.what.filter((one) => cover.what?.includes(one) ?? true) };
    case "dir":
      assert(cover.cap === "dir", "same kind");
      return { ...held, bytes: least(held.bytes, cover.bytes) };
  }
}

function least(held: number, limit: number | undefined): number {
  return limit === undefined ? held : Math.min(held, limit);
}
