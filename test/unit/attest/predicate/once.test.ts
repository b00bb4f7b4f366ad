/** What is read once is read once for each thing that is given, and a long predicate is not read anew for each rule. */
import { describe, expect, it } from "vitest";
import { parseMaterials } from "../../../../attest/predicate/components.ts";
import { once } from "../../../../attest/predicate/once.ts";
import { parseScanReport } from "../../../../attest/predicate/scan-report.ts";
import { candidate } from "./statements.ts";

describe("a reading", () => {
  it("is made once for each thing, by what it is and not by what is in it", () => {
    let count = 0;
    const read = once((given: { readonly n: number }) => {
      count += 1;
      return { double: given.n * 2 };
    });
    const one = { n: 1 };
    expect(read(one)).toBe(read(one));
    expect([read(one).double, read({ n: 1 }).double, read({ n: 2 }).double]).toEqual([2, 2, 4]);
    expect(count).toBe(3);
  });

  it("of a bill of materials or a scan is the same for every rule that asks", () => {
    const { statement } = candidate("https://cyclonedx.org/bom", "{}");
    expect(parseMaterials(statement)).toBe(parseMaterials(statement));
    expect(parseScanReport(statement)).toBe(parseScanReport(statement));
  });
});
