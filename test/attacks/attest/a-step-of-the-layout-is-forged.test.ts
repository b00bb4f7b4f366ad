/** One for two: of the steps that lead to a release one is left out, done by another, or fed with other files than the last made. */
import { describe, it } from "vitest";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { sha256 } from "../../../runtime/kernel/digest.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import type { Signer } from "../../../runtime/kernel/signer.ts";
import { envelope, lines, newSigner } from "../../unit/attest/own-keys.ts";
import { ARTIFACTS, policy as base, OTHER_BYTES } from "../../unit/attest/release.ts";
import { accepts, door, parsed, RULE, refuses } from "./door.ts";

const at = door();
const [fetcher, ci, second, tester] = [newSigner(), newSigner(), newSigner(), newSigner()];
const APP = sha256(utf8("app.tar"));
const [code, manifest] = ARTIFACTS;
type Files = Readonly<Record<string, string>>;
const RELEASE: Files = { "module.wasm": code.sha256, "manifest.json": manifest.sha256 };

const party = (name: string, ...keys: readonly Signer[]) => ({ name, keys: keys.map((one) => one.publicPem) });
const parties = [party("sources", fetcher), party("ci", ci, second), party("qa", tester)];
const match = (name: string, step: string) => ["MATCH", name, "WITH", "PRODUCTS", "FROM", step];
const ALONE = ["DISALLOW", "*"];
const layout = {
  name: "made-twice",
  steps: [
    { name: "fetch", parties: ["sources"], materials: [ALONE], products: [["CREATE", "app.tar"], ALONE] },
    {
      ...{ name: "build", parties: ["ci", "qa"], threshold: 2 },
      materials: [["REQUIRE", "app.tar"], match("app.tar", "fetch"), ALONE],
      products: [["CREATE", "module.wasm"], ["CREATE", "manifest.json"], ALONE],
    },
  ],
};
const evidence = [{ ...RULE, require: [{ type: "layout", layout: layout.name }] }];
const policy = unwrap(parsed({ ...base(), parties, layouts: [layout], evidence }));

function link(step: string, materials: Files, products: Files, ...by: readonly Signer[]): Promise<Uint8Array> {
  const files = (all: Files) => Object.entries(all).map(([name, digest]) => ({ name, digest: { sha256: digest } }));
  const statement = {
    ...{ _type: "https://in-toto.io/Statement/v1", subject: files(products) },
    predicateType: "https://in-toto.io/attestation/link/v0.3",
    predicate: { name: step, materials: files(materials) },
  };
  return envelope(utf8(JSON.stringify(statement)), ...by);
}
const SOURCE: Files = { "app.tar": APP };
const fetched = (by = fetcher, products = SOURCE) => link("fetch", {}, products, by);
const built = (by: readonly Signer[], materials = SOURCE, products = RELEASE) =>
  link("build", materials, products, ...by);
const ask = async (...links: readonly Promise<Uint8Array>[]) =>
  at.ask(lines(...(await Promise.all(links))), { policy });
const says = (step: string, why: string) => new RegExp(`^step ${step} of the layout made-twice does not hold .*${why}`);

describe("a chain of steps", () => {
  it.each<[string, () => Promise<Uint8Array>[], RegExp]>([
    ["the first step is left out", () => [built([ci, tester])], says("fetch", "0 of 1 parties")],
    ["the last step is left out", () => [fetched()], says("build", "0 of 2 parties")],
    ["a stranger does the first", () => [fetched(newSigner()), built([ci, tester])], says("fetch", "0 of 1 parties")],
    ["the builder does the first as well", () => [fetched(ci), built([ci, tester])], says("fetch", "0 of 1 parties")],
    ["one party builds twice", () => [fetched(), built([ci]), built([ci])], says("build", "1 of 2 parties")],
    ["one party builds with both its keys", () => [fetched(), built([ci, second])], says("build", "1 of 2 parties")],
    [
      "the second builder has other bytes",
      () => [fetched(), built([ci]), built([tester], SOURCE, { ...RELEASE, "module.wasm": OTHER_BYTES })],
      says("build", "differ"),
    ],
    [
      "a builder has two results to choose from",
      () => [fetched(), built([ci, tester]), built([ci], { "app.tar": OTHER_BYTES })],
      says("build", "differ"),
    ],
    [
      "other sources are built than were fetched",
      () => [fetched(), built([ci, tester], { "app.tar": OTHER_BYTES })],
      says("build", "not allowed: app\\.tar"),
    ],
    [
      "something is built in that nobody fetched",
      () => [fetched(), built([ci, tester], { ...SOURCE, "evil.c": OTHER_BYTES })],
      says("build", "not allowed: evil\\.c"),
    ],
    ["nothing was built from", () => [fetched(), built([ci, tester], {})], says("build", "app\\.tar is not there")],
    [
      "the fetched file is under another name",
      () => [fetched(fetcher, { "other.tar": APP }), built([ci, tester])],
      says("fetch", "not allowed: other\\.tar"),
    ],
    [
      "the release is not what was built",
      () => [fetched(), built([ci, tester], SOURCE, { ...RELEASE, "module.wasm": OTHER_BYTES })],
      says("build", "other files than the release's"),
    ],
    [
      "the manifest was not built",
      () => [fetched(), built([ci, tester], SOURCE, { "module.wasm": code.sha256 })],
      says("build", "other files than the release's"),
    ],
    [
      "a step is called by another name",
      () => [fetched(), link("Build", SOURCE, RELEASE, ci, tester)],
      says("build", "0 of 2"),
    ],
  ])("does not hold when %s", async (_, links, text) => {
    accepts(await ask(fetched(), built([ci, tester])));
    accepts(await ask(built([tester]), fetched(), built([ci])));
    refuses(await ask(...links()), "ATTEST_LAYOUT", "refusal", text);
  });
});
