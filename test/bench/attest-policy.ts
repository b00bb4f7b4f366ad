/** The policy of the attestations' bench: any one of the three attestations is enough, each for its own module. */
const BUILDER = "https://ci.example/builders/wasm/v1";
const SOURCE = "git+https://git.example/acme/app";
const IDENTITY = {
  issuer: "https://oidc.sallyport.example",
  subject: "https://ci.example/acme/app/.build/release.yml@refs/heads/main",
};

/** `keys`: the laboratory's, PEM; then its test result is asked for instead of the builder's provenance. */
export function policyFor(laboratory: string | undefined): Uint8Array {
  const scope = { devices: { class: "gateway" }, modules: { team: "acme" } };
  const provenance = { identities: [IDENTITY], builders: [BUILDER], sources: [SOURCE] };
  const tested = {
    type: "predicate",
    predicateTypes: ["https://in-toto.io/attestation/test-result/v0.1"],
    keys: [laboratory],
    fields: [{ at: "/predicate/result", equals: "PASSED" }],
  };
  const rule = laboratory === undefined ? { ...scope, ...provenance } : { ...scope, require: [tested] };
  const policy = { schema: "sallyport.policy/1", version: 1, evidence: [rule], ceilings: [], operators: [] };
  return new TextEncoder().encode(JSON.stringify(policy));
}
