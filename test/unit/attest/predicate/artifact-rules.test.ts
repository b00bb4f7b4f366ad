/** in-toto's artifact rules, case by case as the reference implementation decides them. */
import { describe, expect, it } from "vitest";
import { applyRules, artifactRuleShape, parseRule } from "../../../../attest/predicate/artifact-rules.ts";
import type { Artifacts, LinkFacts } from "../../../../attest/predicate/link.ts";
import { parseShape } from "../../../../runtime/kernel/shape.ts";

/** `a=1` is an artifact a with the digest 1. */
function artifacts(text: string): Artifacts {
  const entries = text.split(" ").filter((one) => one !== "");
  return new Map(entries.map((one) => [one.split("=")[0] ?? "", { sha256: one.split("=")[1] ?? "" }]));
}
const link = (step: string, materials: string, products: string): LinkFacts => ({
  step,
  materials: artifacts(materials),
  products: artifacts(products),
});

/** The own step has materials and products; the other is called `build`. */
function apply(
  rules: readonly string[],
  of: "materials" | "products",
  own: readonly [string, string],
  build = link("build", "", ""),
) {
  const self = link("pack", ...own);
  const parsed = rules.flatMap((one) => parseRule(one.split(" ")) ?? []);
  expect(parsed).toHaveLength(rules.length);
  const broken = applyRules(
    parsed,
    of,
    self,
    new Map([
      [self.step, self],
      [build.step, build],
    ]),
  );
  return broken === undefined ? "holds" : `${broken.rule.kind} ${broken.names.join(" ")}`;
}
const products = (rules: readonly string[], materials: string, made: string, build?: LinkFacts) =>
  apply(rules, "products", [materials, made], build);

describe("a list of rules", () => {
  it("allows what no rule has taken, unless it ends by disallowing everything", () => {
    expect(products([], "", "a=1")).toBe("holds");
    expect(products(["ALLOW b"], "", "a=1 b=1")).toBe("holds");
    expect(products(["ALLOW b", "DISALLOW *"], "", "a=1 b=1")).toBe("DISALLOW a");
    expect(products(["ALLOW a", "ALLOW b", "DISALLOW *"], "", "a=1 b=1")).toBe("holds");
  });

  it("is applied in its order", () => {
    expect(products(["DISALLOW *.key", "ALLOW *"], "", "a.key=1")).toBe("DISALLOW a.key");
    expect(products(["ALLOW *", "DISALLOW *.key"], "", "a.key=1")).toBe("holds");
    expect(products(["REQUIRE a", "ALLOW a", "DISALLOW *"], "", "a=1")).toBe("holds");
    expect(products(["ALLOW a", "REQUIRE a"], "", "a=1")).toBe("REQUIRE a");
  });

  it("may be given in words of any case", () => {
    expect(products(["allow a", "Disallow *"], "", "a=1 b=1")).toBe("DISALLOW b");
  });
});

describe("REQUIRE", () => {
  it("wants a name, and takes no pattern", () => {
    expect(products(["REQUIRE a"], "", "a=1")).toBe("holds");
    expect(products(["REQUIRE a"], "a=1", "b=1")).toBe("REQUIRE a");
    expect(products(["REQUIRE *"], "", "a=1")).toBe("REQUIRE *");
    expect(products(["REQUIRE *"], "", "*=1")).toBe("holds");
  });

  it("takes nothing out of the queue", () => {
    expect(products(["REQUIRE a", "DISALLOW *"], "", "a=1")).toBe("DISALLOW a");
  });
});

describe("CREATE, DELETE and MODIFY", () => {
  const end = "DISALLOW *";
  it("CREATE accounts for products that were no materials", () => {
    expect(products(["CREATE *", end], "a=1", "b=1")).toBe("holds");
    expect(products(["CREATE *", end], "a=1", "a=1 b=1")).toBe("DISALLOW a");
    expect(products(["CREATE *", end], "a=1", "a=2")).toBe("DISALLOW a");
    expect(apply(["CREATE *", end], "materials", ["a=1", ""])).toBe("DISALLOW a");
  });

  it("DELETE accounts for materials that are no products", () => {
    expect(apply(["DELETE *", end], "materials", ["a=1", ""])).toBe("holds");
    expect(apply(["DELETE *", end], "materials", ["a=1", "a=2"])).toBe("DISALLOW a");
    expect(products(["DELETE *", end], "", "a=1")).toBe("DISALLOW a");
  });

  it("MODIFY accounts for those that are both, and not the same", () => {
    expect(products(["MODIFY *", end], "a=1", "a=2")).toBe("holds");
    expect(products(["MODIFY *", end], "a=1", "a=1")).toBe("DISALLOW a");
    expect(products(["MODIFY *", end], "", "a=2")).toBe("DISALLOW a");
    expect(apply(["MODIFY *", end], "materials", ["a=1", "a=2"])).toBe("holds");
  });
});

describe("MATCH", () => {
  const build = link("build", "src=9", "a.wasm=1 out/b.wasm=2 out/lib/c.wasm=3");
  const pack = (rule: string, made: string) => products([rule, "DISALLOW *"], "", made, build);

  it("accounts for artifacts that the other step has by name and digest", () => {
    expect(pack("MATCH *.wasm WITH PRODUCTS FROM build", "a.wasm=1")).toBe("holds");
    expect(pack("MATCH *.wasm WITH PRODUCTS FROM build", "a.wasm=2")).toBe("DISALLOW a.wasm");
    expect(pack("MATCH *.wasm WITH PRODUCTS FROM build", "d.wasm=1")).toBe("DISALLOW d.wasm");
    expect(pack("MATCH *.wasm WITH MATERIALS FROM build", "a.wasm=1")).toBe("DISALLOW a.wasm");
    expect(pack("MATCH src WITH MATERIALS FROM build", "src=9")).toBe("holds");
    expect(pack("MATCH *.js WITH PRODUCTS FROM build", "a.wasm=1")).toBe("DISALLOW a.wasm");
  });

  it("moves artifacts from one folder to another", () => {
    expect(pack("MATCH *.wasm WITH PRODUCTS IN out FROM build", "b.wasm=2 lib/c.wasm=3")).toBe("holds");
    expect(pack("MATCH * IN img WITH PRODUCTS IN out FROM build", "img/b.wasm=2 img/lib/c.wasm=3")).toBe("holds");
    expect(pack("MATCH * IN img/ WITH PRODUCTS IN out/ FROM build", "img/b.wasm=2")).toBe("holds");
    expect(pack("MATCH * IN img WITH PRODUCTS FROM build", "img/a.wasm=1")).toBe("holds");
    expect(pack("MATCH * IN img WITH PRODUCTS IN out FROM build", "b.wasm=2")).toBe("DISALLOW b.wasm");
    expect(pack("MATCH img/* IN img WITH PRODUCTS IN out FROM build", "img/b.wasm=2")).toBe("DISALLOW img/b.wasm");
  });

  it("takes a folder by its whole name, and no pattern in it", () => {
    expect(pack("MATCH * IN im WITH PRODUCTS IN out FROM build", "img/b.wasm=2")).toBe("DISALLOW img/b.wasm");
    expect(pack("MATCH * IN lib WITH PRODUCTS IN out FROM build", "img/b.wasm=2")).toBe("DISALLOW img/b.wasm");
    expect(pack("MATCH * IN i* WITH PRODUCTS IN out FROM build", "img/b.wasm=2")).toBe("DISALLOW img/b.wasm");
    expect(pack("MATCH * IN i* WITH PRODUCTS IN out FROM build", "i*/b.wasm=2")).toBe("holds");
  });

  it("accounts for nothing where there is no link of the other step", () => {
    expect(pack("MATCH * WITH PRODUCTS FROM test", "a.wasm=1")).toBe("DISALLOW a.wasm");
  });

  it("compares all digests: one more or one less is another artifact", () => {
    const both = { sha256: "1", sha512: "2" };
    const self: LinkFacts = { step: "pack", materials: new Map([["a", both]]), products: new Map() };
    const other = (digests: Readonly<Record<string, string>>): LinkFacts => ({
      ...self,
      step: "build",
      products: new Map([["a", digests]]),
    });
    const rules = [
      ["MATCH", "*", "WITH", "PRODUCTS", "FROM", "build"],
      ["DISALLOW", "*"],
    ].flatMap((one) => parseRule(one) ?? []);
    const holds = (digests: Readonly<Record<string, string>>) =>
      applyRules(rules, "materials", self, new Map([["build", other(digests)]])) === undefined;
    expect(holds({ sha512: "2", sha256: "1" })).toBe(true);
    expect(holds({ sha256: "1" })).toBe(false);
    expect(holds({ sha256: "1", sha512: "2", md5: "3" })).toBe(false);
    expect(holds({ sha256: "1", toString: "2" })).toBe(false);
  });
});

describe("a rule is refused", () => {
  it.each<[string, readonly unknown[]]>([
    ["of an unknown kind", ["PERMIT", "*"]],
    ["without a pattern", ["ALLOW"]],
    ["with a word too many", ["ALLOW", "a", "b"]],
    ["with an empty pattern", ["ALLOW", ""]],
    ["that matches with neither kind", ["MATCH", "*", "WITH", "OUTPUTS", "FROM", "x"]],
    ["that matches from nowhere", ["MATCH", "*", "WITH", "PRODUCTS"]],
    ["that matches with nothing", ["MATCH", "*", "FROM", "x"]],
    ["in another order", ["MATCH", "*", "FROM", "x", "WITH", "PRODUCTS"]],
    ["with a folder twice", ["MATCH", "*", "IN", "a", "IN", "b", "WITH", "PRODUCTS", "FROM", "x"]],
    ["with something behind it", ["MATCH", "*", "WITH", "PRODUCTS", "FROM", "x", "TO"]],
    ["with a pattern that is too long", ["ALLOW", "*".repeat(201)]],
    ["with a number in it", ["ALLOW", 1]],
  ])("%s", (_, words) => {
    expect(parseShape(artifactRuleShape, words, "the rule").ok).toBe(false);
  });

  it("but REQUIRE may have a long name", () => {
    expect(parseShape(artifactRuleShape, ["REQUIRE", "a".repeat(1000)], "the rule").ok).toBe(true);
  });
});
