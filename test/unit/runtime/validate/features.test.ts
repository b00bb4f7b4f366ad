/** What a policy turns off is refused by its name, wherever a module uses it; what stays on still passes. */
import { describe, expect, it } from "vitest";
import { ALL_FEATURES, FEATURES, type Feature } from "../../../../runtime/module/features.ts";
import type { Limits } from "../../../../runtime/module/module.ts";
import {
  ANYREF,
  concrete,
  EXNREF,
  EXTERNREF,
  FUNCREF,
  HEAP,
  I32,
  refType,
  V128,
  type ValType,
} from "../../../../runtime/module/val-type.ts";
import { answer, body, build, func, type Parts, struct } from "./build.ts";

const limits = (address: "i32" | "i64" = "i32", max?: bigint): Limits => ({ min: 1n, max, address });
const memory = (more: { address?: "i64"; shared?: boolean; pageSizeLog2?: number } = {}) => ({
  type: { limits: limits(more.address, 2n), shared: more.shared ?? false, pageSizeLog2: more.pageSizeLog2 ?? 16 },
});
const withLocal = (type: ValType): Parts => ({
  types: [[func()]],
  functions: [0],
  code: [{ locals: [{ count: 1, type }], body: Uint8Array.of(0x0b) }],
});
const global = (type: ValType, ...init: readonly number[]) => ({
  type: { type, mutable: false },
  init: Uint8Array.of(...init, 0x0b),
});
const table = (element: ValType) => ({ type: { element, limits: limits() }, init: undefined });
const imported = (type: ValType): Parts => ({
  imports: [{ module: "", name: "", desc: { kind: "global", type: { type, mutable: false } } }],
});
const v128Const = [0xfd, 0x0c, ...Array.from({ length: 16 }, () => 0)];

/** Of each feature modules that use it and, unless listed with them, no other. */
const USES: readonly (readonly [Feature, string, Uint8Array, ...Feature[]])[] = [
  [
    "mutable-globals",
    "imports",
    build({ imports: [{ module: "", name: "", desc: { kind: "global", type: { type: I32, mutable: true } } }] }),
  ],
  [
    "mutable-globals",
    "exports",
    build({
      globals: [{ type: { type: I32, mutable: true }, init: Uint8Array.of(0x41, 0, 0x0b) }],
      exports: [{ name: "", kind: "global", index: 0 }],
    }),
  ],
  ["sign-extension", "instructions", body([0x41, 0, 0xc0, 0x1a])],
  ["saturating-float-to-int", "instructions", body([0x43, 0, 0, 0, 0, 0xfc, 0, 0x1a])],
  ["multi-value", "results", build({ types: [[func([], [I32, I32])]] })],
  ["multi-value", "block parameters", body([0x41, 0, 0x02, 1, 0x1a, 0x0b], { types: [[func()], [func([I32])]] })],
  ["bulk-memory", "instructions", body([0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 11, 0], { memories: [memory()] })],
  ["bulk-memory", "passive data", build({ datas: [{ mode: { kind: "passive" }, bytes: new Uint8Array(0) }] })],
  ["reference-types", "parameters", build({ types: [[func([EXTERNREF])]] })],
  ["reference-types", "locals", build(withLocal(FUNCREF))],
  ["reference-types", "a table of host references", build({ tables: [table(EXTERNREF)] })],
  ["reference-types", "a second table", build({ tables: [table(FUNCREF), table(FUNCREF)] })],
  ["reference-types", "imported globals", build(imported(EXTERNREF))],
  ["extended-const", "globals", build({ globals: [global(I32, 0x41, 1, 0x41, 1, 0x6a)] })],
  ["tail-call", "instructions", body([0x12, 0])],
  ["typed-function-references", "locals", build(withLocal(refType(concrete(0), true)))],
  ["typed-function-references", "imported globals", build(imported(refType(HEAP.func, false))), "reference-types"],
  ["gc", "structures", build({ types: [[struct([I32])]] })],
  ["gc", "recursion groups", build({ types: [[func(), func()]] })],
  ["gc", "locals", build(withLocal(ANYREF))],
  ["gc", "blocks", body([0x02, 0x6e, 0x00, 0x0b, 0x1a])],
  [
    "gc",
    "a constant that reads a global of the module",
    build({ globals: [global(I32, 0x41, 1), global(I32, 0x23, 0)] }),
  ],
  ["exceptions", "tags", build({ types: [[func()]], tags: [{ type: 0 }] })],
  ["exceptions", "locals", build(withLocal(EXNREF))],
  ["multi-memory", "a second memory", build({ memories: [memory(), memory()] })],
  ["memory64", "memories", build({ memories: [memory({ address: "i64" })] })],
  ["memory64", "tables", build({ tables: [{ type: { element: FUNCREF, limits: limits("i64") }, init: undefined }] })],
  ["simd", "instructions", body([...v128Const, 0x1a])],
  ["simd", "locals", build(withLocal(V128))],
  ["simd", "imported globals", build(imported(V128))],
  ["simd", "blocks", body([0x02, 0x7b, 0x00, 0x0b, 0x1a])],
  ["relaxed-simd", "instructions", body([...v128Const, ...v128Const, 0xfd, 0x80, 0x02, 0x1a]), "simd"],
  ["threads", "shared memories", build({ memories: [memory({ shared: true })] })],
  ["threads", "instructions", body([0xfe, 3, 0])],
  ["legacy-exceptions", "instructions", body([0x06, 0x40, 0x19, 0x0b])],
  ["custom-page-sizes", "memories", build({ memories: [memory({ pageSizeLog2: 0 })] })],
  ["wide-arithmetic", "instructions", body([0x42, 0, 0x42, 0, 0xfc, 21, 0x1a, 0x1a])],
];

describe("a feature that is turned off", () => {
  for (const [feature, where, module, ...besides] of USES) {
    it(`is refused by name: ${feature} in ${where}`, () => {
      expect(answer(module, { features: new Set([...ALL_FEATURES].filter((one) => one !== feature)) })).toMatch(
        new RegExp(`^VALIDATE_FEATURE: the module uses ${feature} `),
      );
      expect(answer(module, { features: new Set<Feature>(["mvp", feature, ...besides]) })).toBe("accepted");
    });
  }

  it("is every feature but the first", () => {
    expect(FEATURES.filter((one) => !USES.some(([used]) => used === one))).toEqual(["mvp"]);
  });

  it("leaves what every engine has had since 2017", () => {
    const module = body([0x41, 0, 0x11, 0, 0], {
      memories: [memory()],
      tables: [table(FUNCREF)],
      elements: [
        {
          mode: { kind: "active", index: 0, offset: Uint8Array.of(0x41, 0, 0x0b) },
          type: refType(HEAP.func, false),
          items: { functions: [0] },
        },
      ],
      datas: [{ mode: { kind: "active", index: 0, offset: Uint8Array.of(0x41, 0, 0x0b) }, bytes: Uint8Array.of(1) }],
      globals: [global(I32, 0x41, 1)],
    });
    expect(answer(module, { features: new Set<Feature>(["mvp"]) })).toBe("accepted");
  });
});
