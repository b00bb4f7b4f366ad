/** Uploads: files arrive in the order that readers need, what is there stays, a refusal ends it, passing trouble does not. */
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { pathToFileURL } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { verb } from "../../../agent/cli/repo-upload.ts";
import { type Io, parseVerbArgs } from "../../../agent/cli/verb.ts";
import { attempt, unwrap } from "../../../runtime/kernel/result.ts";
import { copyPublic, openPublic, type UploadOptions, uploadPlace } from "../../../updater/repository/index.ts";
import { type S3Account, signS3 } from "../../../updater/repository/s3-signature.ts";
import { codeOf, DEVICE, FILES, faultOf, makeReadySite, releaseInput, type Site } from "./site.ts";

const ACCOUNT: S3Account = {
  region: "us-east-1",
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};

/** A store that keeps what is PUT below `/base/` and serves it; `before` may answer first. */
async function store(before: (...args: Parameters<RequestListener>) => boolean = () => false) {
  const files = new Map<string, Buffer>();
  const puts: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      if (before(request, response)) return;
      const path = (request.url ?? "").replace("/base/", "");
      const file = files.get(path);
      if (request.method === "PUT") {
        puts.push(path);
        files.set(path, Buffer.concat(chunks));
        response.writeHead(201).end();
      } else if (file === undefined) response.writeHead(404).end();
      else response.writeHead(200, { "content-length": file.byteLength }).end(request.method === "HEAD" ? "" : file);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { base: `http://127.0.0.1:${(server.address() as AddressInfo).port}/base`, files, puts };
}

function upload(site: Site, options: Partial<UploadOptions> & { base: string }) {
  const base = pathToFileURL(site.directory).href;
  const place = uploadPlace({ now: () => site.clock.now, ...options });
  onTestFinished(() => place.close());
  return attempt(() =>
    copyPublic(
      {
        image: { source: openPublic(base, "image"), root: site.repositories.imageRoot() },
        devices: [DEVICE],
        director: (device) => ({
          source: openPublic(base, `director/${device}`),
          root: site.repositories.directorRoot(),
        }),
        assignedOnly: false,
        now: () => site.clock.now,
      },
      place,
    ),
  );
}

describe("an upload", () => {
  it("puts targets first and timestamps last, and boards update from what was uploaded", async () => {
    const site = await makeReadySite();
    const { base, puts } = await store();
    unwrap(await upload(site, { base }));
    expect(puts.slice(-2)).toEqual(["image/metadata/timestamp.json", `director/${DEVICE}/metadata/timestamp.json`]);
    const firstMetadata = puts.findIndex((path) => path.includes("/metadata/"));
    expect(puts.slice(firstMetadata).every((path) => path.includes("/metadata/"))).toBe(true);
    const address = (below: string) => ({
      metadataUrl: `${base}/${below}/metadata/`,
      targetsUrl: `${base}/${below}/targets/`,
    });
    const board = site.board("far", {
      image: { ...address("image"), root: site.repositories.imageRoot() },
      director: { ...address(`director/${DEVICE}`), root: site.repositories.directorRoot() },
    });
    const target = unwrap(unwrap(await board.refresh()).agreed(FILES.module));
    expect(unwrap(await board.fetchTarget(target))).toEqual(releaseInput("1.0.0").module);
  });

  it("brings only what is not there yet when it is repeated", async () => {
    const site = await makeReadySite();
    const { base, puts } = await store();
    unwrap(await upload(site, { base }));
    puts.length = 0;
    expect(unwrap(await upload(site, { base })).kept).toBe(5);
    expect(puts.every((path) => path.includes("/metadata/"))).toBe(true);
  });

  it("is repeated where trouble passes, and ends where it was refused, with nothing new in force", async () => {
    const site = await makeReadySite();
    let failures = 1;
    const shaky = await store((_, response) => {
      if (failures-- <= 0) return false;
      response.writeHead(503).end();
      return true;
    });
    expect((await upload(site, { base: shaky.base })).ok).toBe(true);
    const closed = await store((request, response) => {
      if (request.method !== "PUT") return false;
      response.writeHead(403).end();
      return true;
    });
    expect(codeOf(await upload(site, { base: closed.base }))).toBe("REPO_UPLOAD");
    expect(closed.files.size).toBe(0);
    expect(codeOf(await attempt(async () => uploadPlace({ base: "ftp://host/", now: () => 0 })))).toBe("REPO_UPLOAD");
  });

  it("that is dry says what it would bring and brings nothing", async () => {
    const site = await makeReadySite();
    const { base, files, puts } = await store();
    const dry = async (...more: string[]) => {
      const said: string[] = [];
      const io: Io = { out: (line) => void said.push(line), err: () => {}, colour: false, signal: AbortSignal.abort() };
      const args = parseVerbArgs(verb, [base, "--dir", site.directory, "--dry-run", ...more]);
      expect(args === "help" ? 2 : await verb.run(args, io)).toBe(0);
      return said.join("\n");
    };
    site.clock.now = Date.now();
    unwrap(await site.repositories.resign());
    expect(await dry()).toMatch(/^would upload \d+ files \(.*\) to http:[^,]*$/);
    expect([files.size, puts]).toEqual([0, []]);
    unwrap(await upload(site, { base }));
    puts.length = 0;
    expect(JSON.parse(await dry("--json"))).toMatchObject({ dryRun: true, kept: 5 });
    expect(puts).toEqual([]);
  });

  it("that fails tells where, without the password of the address", async () => {
    const site = await makeReadySite();
    const closed = await store((_, response) => response.writeHead(403).end() !== undefined);
    const base = closed.base.replace("//", "//me:s3cret@");
    const lines = [
      faultOf(await upload(site, { base })),
      faultOf(await attempt(async () => uploadPlace({ base: "ftp://me:s3cret@host/", now: () => 0 }))),
      faultOf(await attempt(async () => uploadPlace({ base: "me:s3cret@host", now: () => 0 }))),
    ].map((one) => JSON.stringify([one.line(), one.facts]));
    expect(lines[0]).toContain(new URL(closed.base).host);
    expect(lines.join("\n")).not.toContain("s3cret");
  });

  it("sends the headers it was given, and signs each request for an S3 store", async () => {
    const site = await makeReadySite();
    const seen = new Set<string>();
    const guarded = await store((request, response) => {
      seen.add(String(request.headers.authorization).replace(/Signature=[0-9a-f]{64}$/, "Signature"));
      if (request.headers["x-amz-content-sha256"] !== undefined || request.headers["x-token"] === "1") return false;
      response.writeHead(401).end();
      return true;
    });
    expect(codeOf(await upload(site, { base: guarded.base }))).toBe("REPO_UPLOAD");
    expect((await upload(site, { base: guarded.base, headers: { "x-token": "1" } })).ok).toBe(true);
    seen.clear();
    expect((await upload(site, { base: guarded.base, s3: ACCOUNT })).ok).toBe(true);
    expect([...seen]).toEqual([
      "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260601/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature",
    ]);
  });
});

describe("the signature of an S3 request", () => {
  it("is the one in the examples of its documentation", () => {
    const at = Date.parse("2013-05-24T00:00:00Z");
    const signatureOf = (query: string) => {
      const url = new URL(`https://examplebucket.s3.amazonaws.com/${query}`);
      const { authorization = "" } = signS3(ACCOUNT, { method: "GET", url, body: new Uint8Array(), at });
      return authorization.split("Signature=")[1];
    };
    expect(signatureOf("?lifecycle")).toBe("fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
    expect(signatureOf("?max-keys=2&prefix=J")).toBe(
      "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    );
  });
});
