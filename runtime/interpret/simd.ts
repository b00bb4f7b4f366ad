import type { StackViews } from "./views.ts";
export function simd(op: number, _s: StackViews, _d: number, _a: number, _b: number, _c: number, _lane: number): void { throw new Error(`simd ${op}`); }
