/** Natural alignment of memory accesses, from their names: the width of what is read or written (section 3.4.8). */

/** As an exponent of two. `operands` are the letters of the opcode table. */
export function naturalAlignment(name: string, operands: string): number {
  if (/notify|wait32/.test(name)) return 2;
  if (/wait64/.test(name)) return 3;
  const vector = /^v128\.load(\d+)x(\d+)/.exec(name);
  if (vector !== null) return 3;
  const narrow = /(?:load|store|rmw)(8|16|32|64)/.exec(name);
  if (narrow !== null) return Math.log2(Number(narrow[1]) / 8);
  if (name.startsWith("v128")) return 4;
  return name.startsWith("i64") || name.startsWith("f64") || operands === "al" ? 3 : 2;
}
