/** in-toto links are read from statements; what has no name or no digest is no artifact. */
import { describe, expect, it } from "vitest";
import type { Candidate } from "../../../../attest/candidate.ts";
import { LINK_TYPES, layoutLinks } from "../../../../attest/predicate/link.ts";
import { parseStatement } from "../../../../attest/statement.ts";
import { utf8 } from "../../../../runtime/kernel/bytes.ts";
import { unwrap } from "../../../../runtime/kernel/result.ts";
import { ARTIFACTS } from "../release.ts";
import { candidate } from "./statements.ts";

const LINK = {
  name: "build",
  command: ["make", "module.wasm"],
  materials: [{ name: "src/main.ts", digest: { sha256: "1a".repeat(32) }, uri: "git+https://git.example/acme/app" }],
  byproducts: { "return-value": 0, stdout: "" },
  environment: {},
};
const link = (predicate: unknown, type = LINK_TYPES[0] ?? "") => candidate(type, predicate);
const code = (one: Candidate) => {
  const read = layoutLinks(one);
  return read.ok ? "accepted" : `${read.error.code} ${read.error.message}`;
};

describe("a link", () => {
  it("says what its step took in, and put out as subjects", () => {
    const { step, materials, products } = unwrap(layoutLinks(link(LINK)));
    expect(step).toBe("build");
    expect([...materials]).toEqual([["src/main.ts", { sha256: "1a".repeat(32) }]]);
    expect([...products]).toEqual(ARTIFACTS.map(({ name, sha256 }) => [name, { sha256 }]));
  });

  it("may have taken in nothing", () => {
    expect(unwrap(layoutLinks(link({ name: "fetch" }))).materials.size).toBe(0);
    expect(unwrap(layoutLinks(link({ name: "fetch", materials: null }))).materials.size).toBe(0);
  });

  it.each<[string, unknown, string]>([
    ["without a step", { materials: [] }, "name must be a string"],
    [
      "with materials as a map, as older links have them",
      { ...LINK, materials: { a: { sha256: "1" } } },
      "must be an array",
    ],
    ["with a nameless material", { ...LINK, materials: [{ digest: { sha256: "1" } }] }, "materials[0].name"],
    [
      "with a material of two digests",
      { ...LINK, materials: [LINK.materials[0], LINK.materials[0]] },
      "src/main.ts is there twice",
    ],
    ["with a material without digest", { ...LINK, materials: [{ name: "a", digest: {} }] }, "a has no digest"],
    [
      "with too many materials",
      { ...LINK, materials: Array(4097).fill({ name: "a", digest: {} }) },
      "at most 4096 items",
    ],
    ["of a prototype", `{"__proto__": ${JSON.stringify(LINK)}}`, "name must be a string"],
  ])("%s is refused", (_, predicate, reason) => {
    expect(code(link(predicate))).toContain("ATTEST_PREDICATE_INVALID");
    expect(code(link(predicate))).toContain(reason);
  });

  it("whose products have no name, one name twice, or no digest, is refused", () => {
    const good = link(LINK);
    const made = (subject: Candidate["statement"]["subject"]) =>
      code({ ...good, statement: { ...good.statement, subject } });
    expect(made([{ digest: { sha256: "1" } }])).toContain("of its products, one has no name");
    expect(
      made([
        { name: "a", digest: { sha256: "1" } },
        { name: "a", digest: { sha256: "2" } },
      ]),
    ).toContain("a is there twice");
    expect(made([{ name: "a", digest: {} }])).toContain("a has no digest");
  });

  it("of an older type is refused: its products stood elsewhere", () => {
    expect(code(link(LINK, "https://in-toto.io/Link/v0.2"))).toContain("ATTEST_PREDICATE_TYPE");
    expect(code(link(LINK, "https://in-toto.io/Link/v1"))).toContain("ATTEST_PREDICATE_TYPE");
  });

  it("from before in-toto's attestations is no statement, and is refused as what it is", () => {
    const classic = {
      _type: "link",
      name: "build",
      command: [],
      materials: {},
      products: {},
      byproducts: {},
      environment: {},
    };
    const parsed = parseStatement(utf8(JSON.stringify(classic)));
    expect(parsed.ok || parsed.error.line()).toBe(
      "ATTEST_STATEMENT_TYPE: the signed payload says it is link, expected https://in-toto.io/Statement/v1",
    );
  });
});
