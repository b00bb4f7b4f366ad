/** Types are equal when their recursion groups are: the iso-recursive cases, and subtyping on canonical numbers. */
import { describe, expect, it } from "vitest";
import type { SubType } from "../../../../runtime/module/module.ts";
import { createRegistry, type TypeRegistry } from "../../../../runtime/module/registry.ts";
import {
  ANYREF,
  BOTTOM,
  concrete,
  EQREF,
  FUNCREF,
  HEAP,
  I32,
  I64,
  refType,
  type ValType,
} from "../../../../runtime/module/val-type.ts";
import { func, struct, sub } from "./build.ts";

const ref = (index: number, nullable = true): ValType => refType(concrete(index), nullable);
const add = (registry: TypeRegistry, ...types: readonly (readonly SubType[])[]): readonly number[] => {
  let start = 0;
  const groups = types.map(({ length }) => {
    start += length;
    return { start: start - length, count: length, at: 0 };
  });
  return [...registry.add({ types: types.flat(), groups })];
};

describe("two types are one type", () => {
  it("when they are written alike, in one module or in two", () => {
    const registry = createRegistry();
    const [a, b] = add(registry, [func([I32], [I32])], [func([I32], [I32])]);
    expect(a).toBe(b);
    expect(add(registry, [struct([])], [func([I32], [I32])])[1]).toBe(a);
    expect(add(registry, [func([I32], [I64])])[0]).not.toBe(a);
  });

  it("when each refers to itself in the same place, whatever its index is", () => {
    const registry = createRegistry();
    const [a] = add(registry, [struct([ref(0)])]);
    const [, , b] = add(registry, [func()], [struct([I32])], [struct([ref(2)])]);
    expect(b).toBe(a);
  });

  it("when their whole groups are, and then member by member", () => {
    const registry = createRegistry();
    const [a, b] = add(registry, [struct([ref(1)]), struct([ref(0)])]);
    const [, c, d] = add(registry, [func()], [struct([ref(2)]), struct([ref(1)])]);
    expect([c, d]).toEqual([a, b]);
    expect(a).not.toBe(b);
  });

  it("when what they refer to outside is one type", () => {
    const registry = createRegistry();
    const [x, y, a, b] = add(registry, [struct([I32])], [struct([I32])], [struct([ref(0)])], [struct([ref(1)])]);
    expect(x).toBe(y);
    expect(a).toBe(b);
  });
});

describe("two types are different", () => {
  it("when one is the other unrolled", () => {
    const [a, b] = add(createRegistry(), [struct([ref(0)])], [struct([ref(0)])]);
    expect(a).not.toBe(b);
  });

  it("when the same types stand in groups that differ: in size, or in order", () => {
    const registry = createRegistry();
    const alone = add(registry, [func()]);
    const pair = add(registry, [func(), struct([])]);
    const turned = add(registry, [struct([]), func()]);
    expect(new Set([...alone, ...pair, ...turned]).size).toBe(5);
  });

  it("in a group whose members are the same as each other", () => {
    const [a, b] = add(createRegistry(), [func(), func()]);
    expect(a).not.toBe(b);
  });

  it("by a final mark, a supertype, a mutable field, packing, or null", () => {
    const registry = createRegistry();
    const field = (type: ValType, mutable: boolean) => sub({ kind: "struct", fields: [{ type, mutable }] });
    const all = add(
      registry,
      [struct([], { final: false })],
      [struct([])],
      [struct([], { supers: [0] })],
      [field(I32, false)],
      [field(I32, true)],
      [field(6, false)],
      [field(ref(0), false)],
      [field(ref(0, false), false)],
      [sub({ kind: "array", field: { type: I32, mutable: false } })],
    );
    expect(new Set(all).size).toBe(all.length);
  });
});

describe("a function type of the host", () => {
  it("is the module's final one in a group of its own, and no other", () => {
    const registry = createRegistry();
    const host = registry.functionType([I32], []);
    const open = sub({ kind: "func", params: [I32], results: [] }, { final: false });
    const [alone, other, grouped] = add(registry, [func([I32])], [open], [func([I32]), func()]);
    expect(alone).toBe(host);
    expect(other).not.toBe(host);
    expect(grouped).not.toBe(host);
  });

  it("may name types that the registry has", () => {
    const registry = createRegistry();
    const [first = -1] = add(registry, [func()], [struct([I64])], [func([ref(0)])]);
    expect(registry.functionType([ref(first)], [])).toBe(add(registry, [func()], [func([ref(0)])])[1]);
  });
});

describe("subtyping", () => {
  const open = (fields: readonly ValType[], ...supers: readonly number[]) => struct(fields, { final: false, supers });

  it("is declared, goes through all supertypes, and neither up nor aside", () => {
    const registry = createRegistry();
    const [root = -1, left = -1, right = -1, leaf = -1, stranger = -1] = add(
      registry,
      [open([])],
      [open([I32], 0)],
      [open([I64], 0)],
      [open([I32, I32], 1)],
      [open([I32, I32])],
    );
    expect(registry.isSubtype(leaf, left)).toBe(true);
    expect(registry.isSubtype(leaf, root)).toBe(true);
    expect(registry.isSubtype(leaf, leaf)).toBe(true);
    expect(registry.isSubtype(leaf, right)).toBe(false);
    expect(registry.isSubtype(root, leaf)).toBe(false);
    // The same fields are not enough.
    expect(registry.isSubtype(stranger, left)).toBe(false);
  });

  it("holds inside one group and across modules", () => {
    const registry = createRegistry();
    const [a = -1, b = -1] = add(registry, [open([ref(1)]), open([ref(1), I32], 0)]);
    expect(registry.isSubtype(b, a)).toBe(true);
    const [c = -1, d = -1] = add(registry, [open([ref(1)]), open([ref(1), I32], 0)]);
    expect(registry.isSubtype(d, a)).toBe(true);
    expect(registry.isSubtype(b, c)).toBe(true);
  });

  it("places concrete types between the abstract ones of their kind", () => {
    const registry = createRegistry();
    const [f = -1, s = -1] = add(registry, [func()], [struct([])]);
    const matches = (a: ValType, b: ValType) => registry.matches(a, b);
    expect(matches(ref(f), FUNCREF)).toBe(true);
    expect(matches(ref(f), ANYREF)).toBe(false);
    expect(matches(ref(s), EQREF)).toBe(true);
    expect(matches(ref(s), refType(HEAP.array, true))).toBe(false);
    expect(matches(refType(HEAP.none, true), ref(s))).toBe(true);
    expect(matches(refType(HEAP.none, true), ref(f))).toBe(false);
    expect(matches(refType(HEAP.nofunc, false), ref(f))).toBe(true);
    expect(matches(ref(s), ref(s, false))).toBe(false);
    expect(matches(ref(s, false), ref(s))).toBe(true);
    expect(matches(BOTTOM, ref(s, false))).toBe(true);
    expect(matches(I32, ref(s))).toBe(false);
  });
});
