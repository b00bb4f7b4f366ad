/**
 * A module to practise on: what compilers of C and of AssemblyScript make of ordinary code, some two thousand bytes of it.
 * The preparing thread prepares it a few times before the first module comes, so that its own code is compiled by then.
 */
import { ByteWriter } from "../binary/writer.ts";
import { Code } from "../metered/code.ts";

const I32 = 0x7f;
const I64 = 0x7e;
const F64 = 0x7c;
const FUNCREF = 0x70;
/** Locals of every function: two parameters, then these. */
const [A, B, N, AT, WIDE, REAL] = [0, 1, 2, 3, 4, 5] as const;
const FUNCTIONS = 10;

/** A countdown over memory: loads, arithmetic, a store, a branch out and one back. */
function loop(code: Code, salt: number): void {
  code
    .i32(100 + salt)
    .set(N)
    .op(0x02, 0x40)
    .loop();
  code.get(N).op(0x45).op(0x0d, 1);
  code.get(N).i32(4).op(0x6c).tee(AT).get(AT).op(0x28, 2, salt).get(A).op(0x6a).i32(salt).op(0x73).op(0x36, 2, 0);
  code.get(AT).get(AT).op(0x2d, 0, 3).op(0x3a, 0, 1);
  code.get(N).i32(1).op(0x6b).tee(N).op(0x0d, 0).op(0x0c, 0).end().end();
}

/** Wide and real arithmetic, with what can trap. */
function arithmetic(code: Code, salt: number): void {
  code
    .get(A)
    .op(0xac)
    .i64(BigInt(salt) + 0x1_0000_0001n)
    .op(0x7e)
    .get(WIDE)
    .op(0x85)
    .i64(13n)
    .op(0x89)
    .set(WIDE);
  code.get(A).op(0xb7).get(REAL).op(0xa0).op(0x9f).set(REAL);
  code.get(B).get(A).i32(1).op(0x72).op(0x6d).set(B);
  code.get(A).get(B).get(A).get(B).op(0x4a).op(0x1b).set(A);
}

/** A switch of four arms, each with a call or a bulk operation. */
function switched(code: Code, salt: number): void {
  code.op(0x02, 0x40).op(0x02, 0x40).op(0x02, 0x40).get(A).op(0x0e, 2, 0, 1, 2).end();
  code
    .get(A)
    .get(B)
    .call(salt % FUNCTIONS)
    .set(A)
    .op(0x0c, 1)
    .end();
  code.get(A).get(B).get(A).i32(3).op(0x71).op(0x11, 0, 0).set(B).end();
  code.get(A).i32(3).op(0x71).if().i32(0).i32(salt).i32(64).op(0xfc, 11, 0).else();
  code.i32(64).i32(0).i32(32).op(0xfc, 10, 0, 0).end();
}

function body(salt: number): Uint8Array {
  const code = new Code(1024);
  // Locals: two i32, one i64, one f64.
  code.op(3, 2, I32, 1, I64, 1, F64);
  for (let turn = 0; turn < 2; turn += 1) {
    loop(code, salt + turn);
    arithmetic(code, salt);
    switched(code, salt + turn + 1);
  }
  code.globalGet(0).i32(16).op(0x6b).tee(AT).globalSet(0);
  code.get(A).get(B).op(0x6a).get(WIDE).op(0xa7).op(0x73);
  return code.end().bytes.slice();
}

export function trainingModule(): Uint8Array {
  const out = new ByteWriter(8192);
  out.raw(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
  const section = (id: number, ...bytes: readonly number[]) => out.section(id, (to) => to.raw(Uint8Array.from(bytes)));
  const numbers = Array.from({ length: FUNCTIONS }, (_, n) => n);
  section(1, 1, 0x60, 2, I32, I32, 1, I32);
  section(3, FUNCTIONS, ...numbers.map(() => 0));
  section(4, 1, FUNCREF, 0, 4);
  section(5, 1, 1, 1, 4);
  section(6, 1, I32, 1, 0x41, 0x80, 0x08, 0x0b);
  section(7, 2, 1, 0x6d, 2, 0, 1, 0x66, 0, 0);
  section(9, 1, 0, 0x41, 0, 0x0b, 4, 0, 1, 2, 3);
  out.section(10, (to) => {
    to.u32(FUNCTIONS);
    for (const n of numbers) {
      const bytes = body(n);
      to.u32(bytes.length);
      to.raw(bytes);
    }
  });
  section(11, 1, 0, 0x41, 8, 0x0b, 4, 1, 2, 3, 4);
  return out.bytes.slice();
}
