/** Signing as a publisher does: what a device would refuse is refused here first, and no secret reaches a message. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { githubToken, provenanceStatement, type SignOptions, signKeyless } from "../../../attest/publisher/index.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { Fault } from "../../../runtime/kernel/fault.ts";
import { type FakeSigstore, startSigstore } from "../../fakes/sigstore.ts";
import { ARTIFACTS, type Json, SUBJECT, statement } from "./release.ts";

let sigstore: FakeSigstore;
beforeAll(async () => {
  sigstore = await startSigstore();
});
afterAll(() => sigstore.close());

async function faultOf(changes: Partial<SignOptions>, of = statement()): Promise<Fault> {
  const { fulcioUrl, rekorUrl, tsaUrl } = sigstore;
  const identityToken = sigstore.tokenFor({ subject: SUBJECT });
  const thrown = await signKeyless(of, { identityToken, fulcioUrl, rekorUrl, tsaUrl, ...changes }).catch((e) => e);
  expect(thrown).toBeInstanceOf(Fault);
  return thrown;
}

describe("signing", () => {
  it("writes a version 0.3 bundle with one certificate, one log entry and one timestamp", async () => {
    const { url, fulcioUrl, rekorUrl, tsaUrl } = sigstore;
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const identityToken = sigstore.tokenFor({ subject: SUBJECT });
    const bytes = await signKeyless(statement(), { identityToken, fulcioUrl: `${fulcioUrl}/`, rekorUrl, tsaUrl });
    const bundle: Json = JSON.parse(Buffer.from(bytes).toString("utf8"));
    expect(bundle.mediaType).toBe("application/vnd.dev.sigstore.bundle.v0.3+json");
    expect(bundle.dsseEnvelope.payloadType).toBe("application/vnd.in-toto+json");
    expect(bundle.verificationMaterial.tlogEntries).toHaveLength(1);
    expect(bundle.verificationMaterial.timestampVerificationData.rfc3161Timestamps).toHaveLength(1);
  });

  it("says which of the services failed, with the cause kept", async () => {
    const nowhere = `${sigstore.url}/nowhere`;
    expect(await faultOf({ fulcioUrl: nowhere })).toMatchObject({ code: "ATTEST_SIGN_CERTIFICATE", kind: "network" });
    expect(await faultOf({ rekorUrl: nowhere })).toMatchObject({ code: "ATTEST_SIGN_LOG", facts: { url: nowhere } });
    const late = await faultOf({ tsaUrl: nowhere });
    expect(late).toMatchObject({ code: "ATTEST_SIGN_TIMESTAMP", cause: { code: "TSA_CREATE_TIMESTAMP_ERROR" } });
  });

  it("refuses a token that is none, without ever showing it", async () => {
    const claims = (value: object) => `e30.${Buffer.from(JSON.stringify(value)).toString("base64url")}.s3cr3t`;
    for (const [identityToken, why] of [
      ["s3cr3t", "it is not a JWT"],
      ["a.s3cr3t.b", "it is not a JWT"],
      [claims({ iss: "https://x" }), "it has no subject"],
      [claims({ email: "s3cr3t@x.example", email_verified: false }), "did not verify the e-mail address"],
    ] as const) {
      const fault = await faultOf({ identityToken });
      expect(fault.code).toBe("ATTEST_SIGN_TOKEN");
      expect(fault.line()).toContain(why);
      expect(fault.line() + JSON.stringify(fault.facts) + String(fault.cause)).not.toContain("s3cr3t");
    }
  });

  it("refuses what no device would accept, before anything is published", async () => {
    expect((await faultOf({}, utf8("not a statement"))).code).toBe("ATTEST_STATEMENT_INVALID");
    expect((await faultOf({ fulcioUrl: "ftp://x" })).code).toBe("ATTEST_SIGN_INPUT");
    expect((await faultOf({ rekorUrl: "nonsense" })).code).toBe("ATTEST_SIGN_INPUT");
  });

  it("refuses a version 2 log without a timestamp authority: the bundle would have no time", async () => {
    const { fulcioUrl, rekorUrl } = sigstore;
    const identityToken = sigstore.tokenFor({ subject: SUBJECT });
    const signing = signKeyless(statement(), { identityToken, fulcioUrl, rekorUrl, rekorVersion: 2 });
    await expect(signing).rejects.toMatchObject({ code: "ATTEST_SIGN_INPUT" });
  });
});

describe("the token of a GitHub Actions job", () => {
  const BEARER = "s3cr3t";
  async function asking(status: number, text: string): Promise<Fault | string> {
    const runner = createServer(({ url = "" }, response) => {
      if (url.startsWith("/elsewhere")) response.end('{"value":"x.y.z"}');
      else response.writeHead(status, status === 302 ? { location: "/elsewhere" } : {}).end(text);
    });
    await new Promise<void>((done) => runner.listen(0, "127.0.0.1", done));
    onTestFinished(() => void runner.close());
    const url = `http://127.0.0.1:${(runner.address() as AddressInfo).port}/`;
    return githubToken({ url, bearer: BEARER }).catch((error: Fault) => error);
  }

  it("is what its runner answers", async () => {
    expect(await asking(200, '{"value":"a.b.c","count":1}')).toBe("a.b.c");
  });

  it.each([
    [401, "status 401", "{}"],
    [302, "gave none", ""],
    [200, "holds none", "s3cr3t"],
    [200, "holds none", "null"],
    [200, "holds none", '{"value":7}'],
    [200, "holds none", '{"value":""}'],
    [200, "more than 65536 bytes", `{"value":"${"x".repeat(70_000)}"}`],
  ])("is not to be had from status %i: %s", async (status, why, text) => {
    const refused = await asking(status, text);
    if (!(refused instanceof Fault)) expect.fail("a refusal was expected");
    expect(refused.line()).toContain("ATTEST_SIGN_TOKEN: the identity token cannot be used: ");
    expect(refused.line()).toContain(why);
    expect(refused.line() + String(refused.cause)).not.toContain(BEARER);
  });

  it("is not asked from what is no address", async () => {
    await expect(githubToken({ url: "nowhere", bearer: BEARER })).rejects.toMatchObject({ code: "ATTEST_SIGN_TOKEN" });
  });
});

describe("a provenance statement", () => {
  it("names its source for the policy, also against a parameter of that name", () => {
    const bytes = statement({ parameters: { source: { uri: "https://evil.example" }, target: "wasm" } });
    const { predicate }: Json = JSON.parse(Buffer.from(bytes).toString("utf8"));
    expect(predicate.buildDefinition.externalParameters).toMatchObject({
      source: { uri: "git+https://git.example/acme/app" },
      target: "wasm",
    });
  });

  it("is the same bytes for the same build", () => {
    expect(statement()).toEqual(statement());
  });

  it("that a device would refuse is refused when it is written", () => {
    const input = { artifacts: ARTIFACTS, buildType: "t", sourceUri: "s", startedOn: "", finishedOn: "" };
    expect(() => provenanceStatement({ ...input, builderId: "" })).toThrow(Fault);
    expect(() => provenanceStatement({ ...input, builderId: "b", artifacts: [] })).toThrow(Fault);
  });
});
