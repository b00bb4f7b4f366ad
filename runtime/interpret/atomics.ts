export function atomicBytes(op: number): number { throw new Error(`atomic ${op}`); }
export function atomic(op: number, _i32: Int32Array, _d: number, _b: number, _c: number, _view: DataView, _at: number, _shared: boolean): number { throw new Error(`atomic ${op}`); }
