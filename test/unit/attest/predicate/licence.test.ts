/** Licence expressions against the owner's lists. */
import { describe, expect, it } from "vitest";
import { createLicenceJudge } from "../../../../attest/predicate/licence.ts";

const permissive = createLicenceJudge({
  allow: ["MIT", "Apache-2.0", "BSD-3-Clause", "GPL-2.0-only WITH Classpath-exception-2.0"],
});
const noCopyleft = createLicenceJudge({ deny: ["GPL-2.0-only", "GPL-3.0-or-later", "AGPL-3.0-only"] });

describe("with a list of what is allowed, a licence", () => {
  it.each<[string, string]>([
    ["MIT", "allowed"],
    ["mit", "allowed"],
    ["  MIT ", "allowed"],
    ["ISC", "denied"],
    ["MIT OR ISC", "allowed"],
    ["ISC OR MIT", "allowed"],
    ["MIT AND ISC", "denied"],
    ["MIT AND Apache-2.0", "allowed"],
    ["MIT or ISC", "allowed"],
    ["MIT and ISC", "denied"],
    ["MIT OR ISC AND Zlib", "allowed"],
    ["(MIT OR ISC) AND Zlib", "denied"],
    ["ISC AND Zlib OR MIT", "allowed"],
    ["(MIT)AND(Apache-2.0)", "allowed"],
    ["Apache-2.0+", "allowed"],
    ["MIT WITH Bison-exception-2.2", "allowed"],
    ["GPL-2.0-only WITH Classpath-exception-2.0", "allowed"],
    ["GPL-2.0 WITH Classpath-exception-2.0", "allowed"],
    ["GPL-2.0-only WITH GCC-exception-2.0", "denied"],
    ["GPL-2.0-only", "denied"],
    ["LicenseRef-acme", "unknown"],
    ["DocumentRef-x:LicenseRef-acme", "unknown"],
    ["MIT OR LicenseRef-acme", "allowed"],
    ["MIT AND LicenseRef-acme", "unknown"],
    ["ISC OR LicenseRef-acme", "unknown"],
    ["ISC AND LicenseRef-acme", "denied"],
    ["NOASSERTION", "unknown"],
    ["NONE", "unknown"],
    ["MIT AND NOASSERTION", "unknown"],
  ])("%s is %s", (expression, standing) => {
    expect(permissive.standing(expression)).toBe(standing);
  });
});

describe("with a list of what is denied, a licence", () => {
  it.each<[string, string]>([
    ["MIT", "allowed"],
    ["GPL-2.0-only", "denied"],
    ["GPL-2.0", "denied"],
    ["gpl-2.0", "denied"],
    ["GPL-3.0+", "denied"],
    ["GPL-2.0-or-later", "allowed"],
    ["MIT OR GPL-2.0-only", "allowed"],
    ["MIT AND GPL-2.0-only", "denied"],
    ["GPL-2.0-only WITH Classpath-exception-2.0", "denied"],
    ["LicenseRef-GPL", "unknown"],
  ])("%s is %s", (expression, standing) => {
    expect(noCopyleft.standing(expression)).toBe(standing);
  });
});

describe("an expression that cannot be read is unknown:", () => {
  it.each([
    "",
    " ",
    "MIT OR",
    "OR MIT",
    "MIT MIT",
    "MIT AND",
    "(MIT",
    "(MIT Apache-2.0",
    "MIT)",
    "()",
    "MIT WITH",
    "MIT WITH (X)",
    "WITH X",
    "MIT Or Apache-2.0",
    "MIT/Apache-2.0",
    "MIT, Apache-2.0",
    "MIT WITH X WITH Y",
    "(MIT) WITH X",
    "MIT\u0000",
    "The MIT License",
  ])("%j", (expression) => {
    expect(permissive.standing(expression)).toBe("unknown");
  });

  it("one that is too deep, too long or of too many parts", () => {
    const nested = (depth: number) => `${"(".repeat(depth)}MIT${")".repeat(depth)}`;
    expect(permissive.standing(nested(32))).toBe("allowed");
    expect(permissive.standing(nested(33))).toBe("unknown");
    expect(permissive.standing(nested(1_000_000))).toBe("unknown");
    expect(permissive.standing(Array(200).fill("MIT").join(" OR "))).toBe("allowed");
    expect(permissive.standing(Array(202).fill("MIT").join(" OR "))).toBe("unknown");
    expect(permissive.standing(`MIT OR ${"A".repeat(4000)}`)).toBe("unknown");
  });
});

describe("a licence by a name of its own", () => {
  it("is known only where a list has this name", () => {
    const judge = createLicenceJudge({ allow: ["Acme  Internal Licence", "MIT"], deny: ["Evil Licence"] });
    expect(judge.named("acme internal licence")).toBe("allowed");
    expect(judge.named("Evil Licence")).toBe("denied");
    expect(judge.named("MIT")).toBe("allowed");
    expect(judge.named("MIT OR Evil Licence")).toBe("unknown");
    expect(judge.named("GNU General Public License v2")).toBe("unknown");
    expect(judge.named("")).toBe("unknown");
  });
});

describe("a licence in both lists", () => {
  it("is denied, unless the exact exception is allowed", () => {
    expect(createLicenceJudge({ allow: ["MIT"], deny: ["MIT"] }).standing("MIT")).toBe("denied");
    const judge = createLicenceJudge({ allow: ["GPL-2.0-only WITH Classpath-exception-2.0"], deny: ["GPL-2.0-only"] });
    expect(judge.standing("GPL-2.0-only WITH Classpath-exception-2.0")).toBe("allowed");
    expect(judge.standing("GPL-2.0-only")).toBe("denied");
  });
});
