/** docs/attestations.md against the code: every predicate type that is read is on the page, and every code on it exists. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { catalogues } from "../../../attest/index.ts";
import { predicateTypesOf, type Requirement, requirementShape } from "../../../attest/kinds.ts";
import { schemaOf, catalogue as shapes } from "../../../runtime/kernel/shape.ts";

const page = readFileSync(join(import.meta.dirname, "../../../docs/attestations.md"), "utf8");
const quoted = [...page.matchAll(/`([^`]+)`/g)].map(([, text = ""]) => text);
const rowsOf = (heading: string) => {
  const section = page.split(`## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  return section.split("\n").filter((line) => line.startsWith("| `"));
};

/** The kinds of requirement, from the shape of the policy itself. */
function kinds(): readonly Requirement["type"][] {
  const schema = schemaOf(requirementShape);
  const cases = schema === true ? [] : (schema.oneOf ?? []);
  return cases.flatMap((one) => {
    const type = one === true ? undefined : one.properties?.["type"];
    return type === undefined || type === true ? [] : [type.const as Requirement["type"]];
  });
}

describe("the page of attestations", () => {
  it("names every kind of requirement with exactly the predicate types that answer it", () => {
    const rows = rowsOf("Statements").map((line) => [...line.matchAll(/`([^`]+)`/g)].map(([, text = ""]) => text));
    const said = Object.fromEntries(
      rows.map(([kind = "", ...types]) => [kind, types.filter((one) => one.includes("/"))]),
    );
    const read = kinds().map((type) => [type, type === "predicate" ? [] : predicateTypesOf({ type } as Requirement)]);
    expect(said).toEqual(Object.fromEntries(read));
  });

  it("quotes codes that exist", () => {
    const codes = new Set([...catalogues, shapes].flatMap((one) => Object.keys(one.table)));
    const used = quoted.filter((text) => /^(?:ATTEST|SHAPE)_[A-Z_]+$/.test(text));
    expect(used.length).toBeGreaterThan(50);
    expect(used.filter((code) => !codes.has(code))).toEqual([]);
  });

  it("answers each of slsa-verifier's 48 errors once, with a code or a reason", () => {
    const rows = rowsOf("slsa-verifier's errors");
    const names = rows.map((line) => /^\| `(Error[A-Za-z]+)` \| \S/.exec(line)?.[1]);
    expect(names).not.toContain(undefined);
    expect([names.length, new Set(names).size]).toEqual([48, 48]);
    const silent = rows.filter((line) => !/`(?:ATTEST|SHAPE)_|cannot happen|is not compared/.test(line));
    expect(silent).toEqual([]);
  });
});
