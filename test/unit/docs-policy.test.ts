/** docs/policy.md is true: every policy in it is sound, every command prints what it shows, every field is in its table. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parsePolicy } from "../../attest/index.ts";
import { explainRest, explainRule } from "../../attest/review/index.ts";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { looksLike } from "../e2e/walk.ts";
import { type FakeSigstore, startSigstore } from "../fakes/sigstore.ts";
import { PAGE, readPage, runBlock, writePolicies } from "./policy-page/page.ts";
import { RELEASES, writeReleases } from "./policy-page/releases.ts";

const examples = readPage();

let sigstore: FakeSigstore;
beforeAll(async () => {
  sigstore = await startSigstore();
});
afterAll(() => sigstore.close());

describe("docs/policy.md", () => {
  it("has an example for each of the releases that were made for it, and ten or more", () => {
    expect(examples.length).toBeGreaterThanOrEqual(10);
    expect(examples.map((one) => one.number)).toEqual(Object.keys(RELEASES).map(Number));
  });

  it.each(examples.map((one) => [`${one.number}. ${one.title}`, one] as const))(
    "shows what happens under %s",
    async (_title, example) => {
      const folder = mkdtempSync(join(tmpdir(), "sallyport-policy-"));
      try {
        writePolicies(example, folder);
        await writeReleases(example.number, folder, sigstore);
        expect(example.blocks.length).toBeGreaterThan(0);
        for (const block of example.blocks) {
          const { printed, status } = await runBlock(block, folder);
          expect(looksLike(printed, block.prints) ? block.prints : printed).toBe(block.prints);
          expect(status === 0).toBe(!block.refuses);
        }
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );
});

describe("policy explain", () => {
  const policies = examples.flatMap(({ number, policies: all }) =>
    Object.entries(all).map(([name, json]) => [`${name} of ${number}`, unwrap(parsePolicy(utf8(json)))] as const),
  );

  it.each(policies)("has words for all that is in %s", (_title, policy) => {
    const rules = policy.evidence.map((rule, index) => explainRule(rule, index, policy));
    const said = JSON.stringify([rules, explainRest(policy)]);
    expect(said).not.toMatch(/undefined|null|\[object|NaN|"conditions":\[[^\]]*""/);
    const needs = rules.flatMap((one) => one.needs);
    expect(needs.length).toBeGreaterThan(0);
    expect(needs.filter((one) => one.type !== "layout" && one.who.length === 0)).toEqual([]);
  });
});

type Schema = Readonly<Record<string, unknown>>;

/** Every field of the policy's schema by its path, as in `evidence[].devices.id`; a kind of requirement by its name. */
function pathsOf(schema: Schema, root: Schema, at = ""): readonly string[] {
  const {
    $ref,
    properties = {},
    items,
    oneOf,
  } = schema as {
    $ref?: string;
    properties?: Record<string, Schema>;
    items?: Schema;
    oneOf?: readonly Schema[];
  };
  if ($ref !== undefined)
    return pathsOf((root["$defs"] as Record<string, Schema>)[$ref.replace("#/$defs/", "")] ?? {}, root, at);
  if (items !== undefined) return pathsOf(items, root, `${at}[]`);
  const named = Object.entries(properties).flatMap(([name, inner]) => {
    const path = at === "" ? name : `${at}.${name}`;
    return [path, ...pathsOf(inner, root, path)];
  });
  return [...named, ...(oneOf ?? []).flatMap((one) => pathsOf(one, root, at))];
}

describe("the table of fields in docs/policy.md", () => {
  const schema = JSON.parse(readFileSync(join(PAGE, "..", "schema", "policy.schema.json"), "utf8")) as Schema;
  /** Fields of shared parts have a table of their own; here they would be many times the same. */
  const SHARED = /(?:^|\.)(?:identities\[\]|identity|devices|modules|capabilities\[\]|fields\[\]|target|producer)\..+$/;
  const wanted = new Set(pathsOf(schema, schema).filter((path) => !SHARED.test(path)));
  const rows = [...readFileSync(PAGE, "utf8").matchAll(/^\| `([a-zA-Z[\].]+)` \|/gm)].map(([, path = ""]) => path);

  it("names every field of the schema", () => {
    expect([...wanted].filter((path) => !rows.includes(path))).toEqual([]);
  });

  it("names no field that the schema does not have, and none twice", () => {
    const shared = new Set(pathsOf(schema, schema));
    expect(rows.filter((path) => path.includes(".") && !wanted.has(path) && !shared.has(path))).toEqual([]);
    expect(new Set(rows).size).toBe(rows.length);
  });
});
