/** A release made in steps: the policy's layout followed by links that different people signed. */
import { beforeAll, describe, expect, it } from "vitest";
import { judge, type Policy, parsePolicy } from "../../../attest/index.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import type { Signer } from "../../../runtime/kernel/signer.ts";
import { type FakeSigstore, startSigstore } from "../../fakes/sigstore.ts";
import { about, envelope, lines, newSigner } from "./own-keys.ts";
import { ARTIFACTS, type Json, policy, question, refusals } from "./release.ts";

let sigstore: FakeSigstore;
beforeAll(async () => {
  sigstore = await startSigstore();
  return () => sigstore.close();
});

const [developer, builder, other] = [newSigner(), newSigner(), newSigner()];
const PARTIES = [
  { name: "developer", keys: [developer.publicPem] },
  { name: "builder", keys: [builder.publicPem] },
  { name: "second-builder", keys: [other.publicPem] },
];
const SOURCE = { name: "src/main.ts", sha256: "1".repeat(64) };

function steps(changes: Json = {}): Policy {
  const layout = {
    name: "thermostat",
    steps: [
      {
        name: "write",
        parties: ["developer"],
        products: [
          ["ALLOW", "src/*"],
          ["DISALLOW", "*"],
        ],
      },
      {
        name: "build",
        parties: ["builder", "second-builder"],
        materials: [
          ["MATCH", "src/*", "WITH", "PRODUCTS", "FROM", "write"],
          ["DISALLOW", "*"],
        ],
        products: [
          ["CREATE", "module.wasm"],
          ["CREATE", "manifest.json"],
          ["DISALLOW", "*"],
        ],
        ...changes,
      },
    ],
  };
  const evidence = [
    { devices: { all: true }, modules: { team: "acme" }, require: [{ type: "layout", layout: "thermostat" }] },
  ];
  return unwrap(parsePolicy(utf8(JSON.stringify({ ...policy(), parties: PARTIES, layouts: [layout], evidence }))));
}

const link = (name: string, materials: readonly Json[], products: readonly Json[], by: Signer) => {
  const taken = materials.map((one) => ({ name: one.name, digest: { sha256: one.sha256 } }));
  return envelope(
    about("https://in-toto.io/attestation/link/v0.3", { name, command: [], materials: taken }, products),
    by,
  );
};
const written = (by = developer) => link("write", [], [SOURCE], by);
const built = (by = builder, from: Json = SOURCE, made: readonly Json[] = ARTIFACTS) => link("build", [from], made, by);
const ask = (of: Policy, ...parts: readonly Uint8Array[]) => judge(question(sigstore, lines(...parts), { policy: of }));
const BROKEN = ["steps: ATTEST_LAYOUT"];

describe("a layout", () => {
  it("admits what went its way, step by step", async () => {
    const verdict = ask(steps(), await written(), await built());
    expect(refusals(verdict)).toEqual([]);
    expect(verdict.accepted).toBe(true);
  });

  it("admits nothing where a step is missing, or was done by somebody else", async () => {
    expect(refusals(ask(steps(), await built()))).toEqual(BROKEN);
    expect(refusals(ask(steps(), await written(builder), await built()))).toEqual(BROKEN);
    expect(refusals(ask(steps(), await written(), await built(developer)))).toEqual(BROKEN);
  });

  it("admits nothing that was made from another source, or is another file", async () => {
    const swapped = { ...SOURCE, sha256: "2".repeat(64) };
    expect(refusals(ask(steps(), await written(), await built(builder, swapped)))).toEqual(BROKEN);
    const [code] = ARTIFACTS;
    expect(refusals(ask(steps(), await written(), await built(builder, SOURCE, [code])))).toEqual(BROKEN);
  });

  it("counts builders that agree, each once", async () => {
    const two = steps({ threshold: 2 });
    expect(refusals(ask(two, await written(), await built(), await built()))).toEqual(BROKEN);
    expect(ask(two, await written(), await built(), await built(other)).accepted).toBe(true);
    const differs = built(other, SOURCE, [{ ...ARTIFACTS[0], sha256: "3".repeat(64) }, ARTIFACTS[1]]);
    expect(refusals(ask(two, await written(), await built(), await differs))).toEqual(BROKEN);
  });

  it("names parties that there are, and is named by a requirement that there is", () => {
    expect(() => steps({ parties: ["nobody"] })).toThrow("layouts name parties");
    const text = JSON.stringify({ ...steps(), layouts: [] });
    expect(parsePolicy(utf8(text)).ok).toBe(false);
  });
});
