import type { StackViews } from "./views.ts";
export function vectorAccessBytes(op: number): number { throw new Error(`simd ${op}`); }
export function vectorLoad(op: number, _s: StackViews, _d: number, _a: number, _view: DataView, _at: number, _lane: number): void { throw new Error(`simd ${op}`); }
export function vectorStore(op: number, _s: StackViews, _a: number, _view: DataView, _at: number, _lane: number): void { throw new Error(`simd ${op}`); }
