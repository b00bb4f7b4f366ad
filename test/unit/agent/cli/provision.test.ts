/** `sallyport provision`: addresses, mirrors and transport settings as they come to lie in the board's configuration. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { verb } from "../../../../agent/cli/provision.ts";
import { parseVerbArgs } from "../../../../agent/cli/verb.ts";
import { boardDocument } from "../../../../examples/demo/documents.ts";
import { attempt } from "../../../../runtime/kernel/result.ts";

async function provision(transport: object | undefined, ...more: readonly string[]) {
  const directory = mkdtempSync(join(tmpdir(), "sallyport-provision-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = (name: string, content: string | Uint8Array) => {
    writeFileSync(join(directory, name), content);
    return join(directory, name);
  };
  const values = {
    dir: join(directory, "board"),
    device: "pi-7",
    tenant: "home",
    "image-root": file("image.json", "{}"),
    "director-root": file("director.json", "{}"),
    "repo-url": "https://a.example/r/",
    broker: "mqtts://broker.example",
    "password-file": file("password", "secret"),
    board: file("board.json", boardDocument(undefined)),
    ...(transport === undefined ? {} : { transport: file("transport.json", JSON.stringify(transport)) }),
  };
  const given = Object.entries(values).flatMap(([name, value]) => [`--${name}`, value]);
  const args = parseVerbArgs(verb, [...given, ...more]);
  if (args === "help") throw new Error("no help was asked for");
  const io = { out: () => undefined, err: () => undefined, colour: false, signal: new AbortController().signal };
  const ran = await attempt(() => verb.run(args, io));
  return ran.ok ? JSON.parse(readFileSync(join(values.dir, "device.json"), "utf8")) : ran.error.line();
}

describe("a provisioned board", () => {
  it("may serve neighbours, and ask others as caches of the image repository alone", async () => {
    const config = await provision(
      undefined,
      ...["--serve-neighbours", "192.0.2.7:8470", "--neighbour", "http://192.0.2.8:8470"],
    );
    expect(config.neighbours).toEqual({ listen: "192.0.2.7:8470" });
    expect(config.image.mirrors).toEqual([
      {
        metadataUrl: "http://192.0.2.8:8470/image/metadata",
        targetsUrl: "http://192.0.2.8:8470/image/targets",
        cache: true,
      },
    ]);
    expect(config.director.mirrors).toEqual([]);
    expect(await provision(undefined, "--serve-neighbours", "8470")).toMatch(/HOST:PORT/);
    expect((await provision(undefined)).neighbours).toBeUndefined();
  });

  it("has both repositories below one base URL, and below each mirror's", async () => {
    const config = await provision(undefined, "--mirror", "https://b.example/r", "--mirror", "http://cache.local");
    expect(config.image).toEqual({
      metadataUrl: "https://a.example/r/image/metadata",
      targetsUrl: "https://a.example/r/image/targets",
      mirrors: [
        { metadataUrl: "https://b.example/r/image/metadata", targetsUrl: "https://b.example/r/image/targets" },
        { metadataUrl: "http://cache.local/image/metadata", targetsUrl: "http://cache.local/image/targets" },
      ],
    });
    expect(config.director.metadataUrl).toBe("https://a.example/r/director/pi-7/metadata");
    expect(config.director.mirrors[1].targetsUrl).toBe("http://cache.local/director/pi-7/targets");
    expect(config.transport).toBeUndefined();
  });

  it("takes the transport settings as they are, and none that it would not understand", async () => {
    const transport = { bytesPerSMax: 20_000, tls: { caFile: "/etc/sallyport/ca.pem" } };
    expect((await provision(transport)).transport).toEqual(transport);
    expect(await provision({ bytesPerSMin: 20_000 })).toMatch(/^SHAPE_MISMATCH.*bytesPerSMin/);
  });

  it("counts its commits where it is told to, wherever the agent is started from", async () => {
    expect((await provision(undefined)).counterFile).toBeUndefined();
    const { counterFile } = await provision(undefined, "--counter-file", "elsewhere/counter");
    expect(counterFile).toBe(join(process.cwd(), "elsewhere", "counter"));
  });
});
