/** What device.json may say about neighbours, and what comes of it. */
import { describe, expect, it, onTestFinished } from "vitest";
import { neighboursShape, parseListen, startNeighbours } from "../../../../agent/provision/neighbours.ts";
import { nodeClock } from "../../../../runtime/kernel/node-world.ts";
import { parseShape } from "../../../../runtime/kernel/shape.ts";

const updater = { shelf: { find: () => undefined } };

describe("neighbours in device.json", () => {
  it.each([
    ["192.0.2.7:8470", { host: "192.0.2.7", port: 8470 }],
    ["board-7.local:80", { host: "board-7.local", port: 80 }],
    ["[2001:db8::7]:8470", { host: "2001:db8::7", port: 8470 }],
  ])("listen at %s", (text, expected) => {
    expect(parseListen(text)).toEqual(expected);
    expect(parseShape(neighboursShape, { listen: text }, "neighbours").ok).toBe(true);
  });

  it.each(["8470", ":8470", "*:8470", "host", "host:", "host:65536", "2001:db8::7:8470", "a b:1", "http://a:1"])(
    "do not listen at %j",
    (text) => {
      expect(parseShape(neighboursShape, { listen: text }, "neighbours").ok).toBe(false);
    },
  );

  it.each([
    {},
    { listen: "a:1", connections: 1 },
    { listen: "a:1", bytesPerSMax: 100 },
    { listen: "a:1", directory: "/" },
  ])("are refused as %j", (config) => {
    expect(parseShape(neighboursShape, config, "neighbours").ok).toBe(false);
  });

  it("are not served unless that is said", () => {
    expect(startNeighbours(undefined, { updater, clock: nodeClock, log: () => expect.fail() })).toBeUndefined();
  });

  it("are served and logged where it is", async () => {
    const lines: string[] = [];
    const server = startNeighbours(
      { listen: "127.0.0.1:0" },
      { updater, clock: nodeClock, log: (_level, what) => void lines.push(what) },
    );
    onTestFinished(() => server?.close());
    expect((await fetch(`${await server?.listening}image/metadata/1.root.json`)).status).toBe(404);
    expect(lines).toEqual(["neighbours are served"]);
  });
});
