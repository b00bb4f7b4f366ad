/**
 * The port behind which every sensor driver stands, and the reading as a guest sees it. A driver says what it read; it
 * knows no module, no grant and no rate.
 */
import type { ResourceName } from "../../runtime/kernel/brand.ts";

/** Unit numbers of the guest ABI (`sp_reading.unit`). Numbers are never reused. */
export const UNITS = { celsius: 1, percent: 2, ratio: 3, seconds: 4, bytes: 5, hertz: 6, lux: 7 } as const;
export type Unit = keyof typeof UNITS;

/** Bits of `sp_reading.quality`; 0 is a fresh reading of the physical world. */
export const QUALITY = { STALE: 1, SIMULATED: 2 } as const;

export interface Reading {
  readonly value: number;
  /** Wall clock, nanoseconds since the epoch. */
  readonly timeNs: bigint;
  readonly quality: number;
  readonly unit: number;
}

export interface SensorPort {
  readonly name: ResourceName;
  readonly driver: "simulated" | "hwmon" | "thermal" | "system";
  readonly unit: Unit;
  /** True when readings come from the physical world. */
  readonly real: boolean;
  /** Whether the hardware is on this machine now. */
  present(): boolean;
  /** `undefined`: there is no value yet, ask again. Throws or rejects when the sensor is broken or gone. */
  read(): Reading | undefined | Promise<Reading | undefined>;
}

export const READING_BYTES = 24;

/** `sp_reading`: f64 value, i64 time_ns, u32 quality, u32 unit; little endian. */
export function encodeReading(reading: Reading): Uint8Array {
  const bytes = new Uint8Array(READING_BYTES);
  const view = new DataView(bytes.buffer);
  view.setFloat64(0, reading.value, true);
  view.setBigInt64(8, reading.timeNs, true);
  view.setUint32(16, reading.quality, true);
  view.setUint32(20, reading.unit, true);
  return bytes;
}

export function nanoseconds(wallMs: number): bigint {
  return BigInt(Math.trunc(wallMs)) * 1_000_000n;
}
