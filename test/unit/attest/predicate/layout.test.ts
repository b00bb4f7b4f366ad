/** A layout: who carries out which step, how many must agree, and how artifacts pass from step to step. */
import { describe, expect, it } from "vitest";
import { examineLayout, type Layout, type LayoutLink, layoutShape } from "../../../../attest/predicate/layout.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { parseShape } from "../../../../runtime/kernel/shape.ts";
import { ARTIFACTS, OTHER_BYTES } from "../release.ts";

const [WASM, MANIFEST] = ARTIFACTS;
const parse = (layout: unknown) => parseShape(layoutShape, layout, "the layout");

/** Write, build twice independently, pack: a chain as in the specification's section 5.3.2. */
const LAYOUT = {
  name: "release",
  steps: [
    {
      name: "write",
      parties: ["ann"],
      products: [
        ["CREATE", "src/*"],
        ["DISALLOW", "*"],
      ],
    },
    {
      name: "build",
      parties: ["ci", "lab", "spare"],
      threshold: 2,
      materials: [
        ["MATCH", "src/*", "WITH", "PRODUCTS", "FROM", "write"],
        ["DISALLOW", "*"],
      ],
      products: [
        ["ALLOW", "src/*"],
        ["CREATE", "out/module.wasm"],
        ["DISALLOW", "*"],
      ],
    },
    {
      name: "pack",
      parties: ["ci"],
      materials: [
        ["MATCH", "*.wasm", "WITH", "PRODUCTS", "IN", "out", "FROM", "build"],
        ["DISALLOW", "*"],
      ],
      products: [
        ["REQUIRE", "module.wasm"],
        ["MATCH", "module.wasm", "WITH", "PRODUCTS", "IN", "out", "FROM", "build"],
        ["CREATE", "manifest.json"],
        ["DISALLOW", "*"],
      ],
    },
  ],
};
const layout = unwrap(parse(LAYOUT)) as Layout;

type Files = Readonly<Record<string, string>>;
function link(step: string, party: string, materials: Files, products: Files): LayoutLink {
  const artifacts = (files: Files) => new Map(Object.entries(files).map(([name, sha256]) => [name, { sha256 }]));
  return { step, party, materials: artifacts(materials), products: artifacts(products) };
}
const SOURCE = { "src/main.ts": "1a".repeat(32) };
const BUILT = { ...SOURCE, "out/module.wasm": WASM.sha256 };
const PACKED = { "module.wasm": WASM.sha256, "manifest.json": MANIFEST.sha256 };
const write = link("write", "ann", {}, SOURCE);
const ci = link("build", "ci", SOURCE, BUILT);
const lab = link("build", "lab", SOURCE, BUILT);
const pack = link("pack", "ci", { "module.wasm": WASM.sha256 }, PACKED);

function examine(...links: readonly LayoutLink[]): string {
  const { passed, code, facts } = examineLayout(layout, links, ARTIFACTS);
  return passed ? "passed" : `${code} ${facts["step"]}, ${facts["rule"]}: ${facts["reason"]}`;
}

describe("a release", () => {
  it("that was made as the layout says passes, and says by whom", () => {
    const reason = examineLayout(layout, [write, ci, lab, pack], ARTIFACTS);
    expect(reason).toMatchObject({ check: "steps", passed: true });
    expect(reason.facts["steps"]).toEqual(["write by ann", "build by ci, lab", "pack by ci"]);
  });

  it("may have its links in any order, and links of other layouts between", () => {
    const foreign = link("deploy", "ci", {}, { anything: OTHER_BYTES });
    expect(examine(pack, foreign, lab, ci, write)).toBe("passed");
  });

  it("lacking a step is refused", () => {
    expect(examine(write, ci, lab)).toBe("ATTEST_LAYOUT pack, threshold: 0 of 1 parties have carried it out (ci may)");
    expect(examine()).toContain("ATTEST_LAYOUT write, threshold");
  });

  it("is refused if another than the named parties carried a step out", () => {
    expect(examine({ ...write, party: "mallory" }, ci, lab, pack)).toContain("write, threshold: 0 of 1");
    expect(examine(write, ci, { ...lab, party: "ann" }, pack)).toContain("build, threshold: 1 of 2");
  });

  it("counts a party once, however many links it has", () => {
    expect(examine(write, ci, ci, { ...ci }, pack)).toContain("build, threshold: 1 of 2");
  });

  it("is refused if those who must agree do not", () => {
    const other = link("build", "lab", SOURCE, { ...BUILT, "out/module.wasm": OTHER_BYTES });
    expect(examine(write, ci, other, pack)).toBe("ATTEST_LAYOUT build, threshold: links of ci and lab differ");
    const blind = link("build", "lab", {}, BUILT);
    expect(examine(write, ci, blind, pack)).toContain("links of ci and lab differ");
    const more = link("build", "lab", SOURCE, { ...BUILT, "src/more.ts": OTHER_BYTES });
    expect(examine(write, ci, more, pack)).toContain("links of ci and lab differ");
  });

  it("is refused if a third party disagrees, or one with itself, though enough agree", () => {
    const other = { ...BUILT, "out/module.wasm": OTHER_BYTES };
    expect(examine(write, ci, lab, link("build", "spare", SOURCE, other), pack)).toContain(
      "links of ci and spare differ",
    );
    expect(examine(write, ci, lab, link("build", "ci", SOURCE, other), pack)).toContain("links of ci and ci differ");
  });

  it("is not disturbed by links of parties that the step does not name", () => {
    expect(examine(link("build", "mallory", {}, { x: OTHER_BYTES }), write, ci, lab, pack)).toBe("passed");
  });

  it("built from other sources than were written is refused", () => {
    const changed = { "src/main.ts": OTHER_BYTES };
    const built = (party: string) => link("build", party, changed, { ...BUILT, ...changed });
    expect(examine(write, built("ci"), built("lab"), pack)).toBe(
      "ATTEST_LAYOUT build, materials: DISALLOW *: not allowed: src/main.ts",
    );
  });

  it("with a file more than the layout allows is refused", () => {
    const built = (party: string) => link("build", party, SOURCE, { ...BUILT, "out/extra.wasm": OTHER_BYTES });
    expect(examine(write, built("ci"), built("lab"), pack)).toContain(
      "build, products: DISALLOW *: not allowed: out/extra.wasm",
    );
  });

  it("packed from another module than was built is refused", () => {
    const other = link("pack", "ci", { "module.wasm": OTHER_BYTES }, PACKED);
    expect(examine(write, ci, lab, other)).toContain("pack, materials: DISALLOW *: not allowed: module.wasm");
    const swapped = link("pack", "ci", { "module.wasm": WASM.sha256 }, { ...PACKED, "module.wasm": OTHER_BYTES });
    expect(examine(write, ci, lab, swapped)).toContain("pack, products: DISALLOW *: not allowed: module.wasm");
  });

  it("without a file that is required is refused", () => {
    const nothing = link("pack", "ci", { "module.wasm": WASM.sha256 }, { "manifest.json": MANIFEST.sha256 });
    expect(examine(write, ci, lab, nothing)).toContain("pack, products: REQUIRE module.wasm: module.wasm is not there");
  });

  it("whose files are not what the last step made is refused", () => {
    const other = link("pack", "ci", { "module.wasm": WASM.sha256 }, { ...PACKED, "manifest.json": OTHER_BYTES });
    expect(examine(write, ci, lab, other)).toContain("ATTEST_LAYOUT pack, release: its products are other files");
  });

  it("is compared with the last step by digest, whatever the files are called there", () => {
    const plain = unwrap(parse({ name: "one", steps: [{ name: "make", parties: ["ci"] }] })) as Layout;
    const made = link("make", "ci", {}, { "dist/a": WASM.sha256, "dist/b": MANIFEST.sha256 });
    expect(examineLayout(plain, [made], ARTIFACTS).passed).toBe(true);
    expect(examineLayout(plain, [link("make", "ci", {}, { "dist/a": WASM.sha256 })], ARTIFACTS).passed).toBe(false);
    expect(examineLayout(plain, [link("make", "ci", {}, { "dist/a": WASM.sha256 })], [WASM]).passed).toBe(true);
  });
});

describe("a layout is refused", () => {
  const step = { name: "a", parties: ["ci"] };
  it.each<[string, object]>([
    ["without steps", { name: "x", steps: [] }],
    [
      "with more than 32 steps",
      { name: "x", steps: Array.from({ length: 33 }, (_, index) => ({ ...step, name: `s${index}` })) },
    ],
    ["with one name for two steps", { name: "x", steps: [step, step] }],
    ["with a step of nobody", { name: "x", steps: [{ ...step, parties: [] }] }],
    ["with a threshold that nobody can meet", { name: "x", steps: [{ ...step, threshold: 2 }] }],
    [
      "with a threshold that one party would meet twice",
      { name: "x", steps: [{ ...step, parties: ["ci", "ci"], threshold: 2 }] },
    ],
    ["with no rule for a rule", { name: "x", steps: [{ ...step, materials: [["PERMIT", "*"]] }] }],
    [
      "with a rule on a step that it has not",
      { name: "x", steps: [{ ...step, materials: [["MATCH", "*", "WITH", "PRODUCTS", "FROM", "b"]] }] },
    ],
    ["with inspections", { name: "x", steps: [step], inspect: [] }],
  ])("%s", (_, one) => {
    expect(parse(one).ok).toBe(false);
  });
});
