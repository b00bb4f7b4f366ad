import type { Random } from "../random.ts";
export function generate(_random: Random): Uint8Array {
  return Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
}
