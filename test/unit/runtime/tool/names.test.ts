/** The name section as toolchains write it, and as nobody should. */
import { describe, expect, it } from "vitest";
import { leb } from "../../../../runtime/binary/reader.ts";
import { functionName, functionNames, readNames } from "../../../../runtime/tool/index.ts";
import { readProducers, readTargetFeatures } from "../../../../runtime/tool/producers.ts";
import { custom, decode, HEAD, name, section, subsection } from "./build.ts";

const named = (...content: readonly number[]) => readNames(decode(HEAD, custom("name", ...content)));

describe("the name section", () => {
  it("gives the names of the module, of every index space, of locals, labels and fields", () => {
    const names = named(
      ...subsection(0, ...name("m")),
      ...subsection(1, 2, 0, ...name("f"), 7, ...name("g h")),
      ...subsection(2, 1, 0, 1, 3, ...name("x")),
      ...subsection(3, 1, 0, 1, 0, ...name("again")),
      ...subsection(4, 1, 1, ...name("t")),
      ...subsection(9, 1, 0, ...name("greeting")),
      ...subsection(10, 1, 1, 1, 2, ...name("left")),
      ...subsection(11, 1, 0, ...name("oops")),
    );
    expect(names.module).toBe("m");
    expect([...names.spaces.function]).toEqual([
      [0, "f"],
      [7, "g h"],
    ]);
    expect(names.locals.get(0)?.get(3)).toBe("x");
    expect(names.labels.get(0)?.get(0)).toBe("again");
    expect(names.spaces.type.get(1)).toBe("t");
    expect(names.spaces.data.get(0)).toBe("greeting");
    expect(names.fields.get(1)?.get(2)).toBe("left");
    expect(names.spaces.tag.get(0)).toBe("oops");
    expect(names.damaged).toBe(false);
  });

  it("keeps what stands before a malformed place and what the next subsections say", () => {
    const names = named(...subsection(1, 9, 0, ...name("f"), 1, 200, 0x67), ...subsection(0, ...name("m")));
    expect(names.spaces.function.get(0)).toBe("f");
    expect(names.module).toBe("m");
    expect(names.damaged).toBe(true);
  });

  it("is damaged when a subsection is longer than the section", () => {
    expect(named(0, 1, 0, 1, 99, 1)).toMatchObject({ module: undefined, damaged: true });
  });

  it("takes the first of two names, passes over subsections it does not know and replaces what is not UTF-8", () => {
    const names = named(
      ...subsection(77, 1, 2, 3),
      ...subsection(1, 3, 0, ...name("first"), 0, ...name("second"), 1, 2, 0xff, 0x61),
    );
    expect(names.spaces.function.get(0)).toBe("first");
    expect(names.spaces.function.get(1)).toBe("\ufffda");
    expect(names.damaged).toBe(false);
  });

  it("stops reading millions of entries", () => {
    // So many functions, each with no local that has a name: two zero bytes.
    const functions = 2_100_000;
    const entries = new Uint8Array(functions * 2);
    const body = [2, ...leb(entries.length + 4), ...leb(functions)];
    const head = [...name("name"), ...body];
    const names = readNames(decode(HEAD, [0, ...leb(head.length + entries.length), ...head], entries));
    expect(names.locals.size).toBe(1);
    expect(names.damaged).toBe(true);
  });
});

describe("what people call a function", () => {
  it("is its name, else what it is imported as, else what it is exported as", () => {
    const module = decode(
      HEAD,
      section(1, 1, 0x60, 0, 0),
      section(2, 2, ...name("env"), ...name("a"), 0, 0, ...name("env"), ...name("b"), 0, 0),
      section(3, 1, 0),
      section(7, 1, ...name("run"), 0, 2),
      section(10, 1, 2, 0, 0x0b),
      custom("name", ...subsection(1, 1, 1, ...name("better"))),
    );
    expect([...functionNames(module)].sort(([a], [b]) => a - b)).toEqual([
      [0, "env.a"],
      [1, "better"],
      [2, "run"],
    ]);
  });
});

describe("one function's name", () => {
  it("is found without the others, also before a malformed place", () => {
    const module = decode(
      HEAD,
      custom("name", ...subsection(0, ...name("m")), ...subsection(1, 9, 4, ...name("four"), 2, ...name("two"), 3, 99)),
    );
    expect(functionName(module, 4)).toBe("four");
    expect(functionName(module, 2)).toBe("two");
    expect(functionName(module, 3)).toBeUndefined();
    expect(functionName(decode(HEAD), 0)).toBeUndefined();
  });
});

describe("where a module comes from", () => {
  it("is read from producers and target_features, as far as they are well-formed", () => {
    const producers = [2, ...name("language"), 1, ...name("C11"), ...name(""), ...name("sdk"), 9, ...name("x")];
    const module = decode(
      HEAD,
      custom("producers", ...producers, ...name("1")),
      custom("target_features", 2, 0x2b, ...name("simd128"), 0x2d),
    );
    expect(readProducers(module)).toEqual([
      { field: "language", name: "C11", version: "" },
      { field: "sdk", name: "x", version: "1" },
    ]);
    expect(readTargetFeatures(module)).toEqual([{ prefix: "+", name: "simd128" }]);
  });
});
