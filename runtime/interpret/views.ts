/**
 * The value stack's one buffer, seen as every element type. A slot is 8 bytes and a position is an Int32Array index,
 * always even: i32 at i32[p], i64 at i32[p] (low) and i32[p + 1], f32 at f32[p], f64 at f64[p >> 1], v128 at i32[p..p+3].
 * The host must be little-endian, as WebAssembly is.
 */
export interface StackViews {
  readonly i8: Int8Array;
  readonly u8: Uint8Array;
  readonly i16: Int16Array;
  readonly u16: Uint16Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
  readonly i64: BigInt64Array;
  readonly u64: BigUint64Array;
}

export function stackViews(buffer: ArrayBuffer): StackViews {
  const views = {
    i8: new Int8Array(buffer),
    u8: new Uint8Array(buffer),
    i16: new Int16Array(buffer),
    u16: new Uint16Array(buffer),
    i32: new Int32Array(buffer),
    u32: new Uint32Array(buffer),
    f32: new Float32Array(buffer),
    f64: new Float64Array(buffer),
    i64: new BigInt64Array(buffer),
    u64: new BigUint64Array(buffer),
  };
  if (new Uint8Array(Uint32Array.of(1).buffer)[0] !== 1) throw new Error("the engine needs a little-endian host");
  return views;
}
