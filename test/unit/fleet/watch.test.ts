/** What an operator sees of a device that may be compromised: bounded, and never more than text. */
import { describe, expect, it } from "vitest";
import { createDeviceView, formatMessage } from "../../../fleet/index.ts";
import { deviceId, tenantId } from "../../../runtime/kernel/brand.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { parseShape } from "../../../runtime/kernel/shape.ts";
import { NONCE, say } from "../attest/appraise-board.ts";

const device = unwrap(parseShape(deviceId, "porch-1", "device"));
const tenant = unwrap(parseShape(tenantId, "demo", "tenant"));
const up = "sp/1/demo/porch-1/up";
const json = (value: unknown) => utf8(JSON.stringify(value));
const state = (s: string) => json({ s, boot: 3, agent: "0.1.0" });

describe("the view of a device", () => {
  it("holds the last word of each topic and counts what is not in the protocol's form", () => {
    const view = createDeviceView(tenant, device);
    view.apply(`${up}/state`, state("ready"));
    view.apply(`${up}/state`, state("lost"));
    view.apply(`${up}/state`, state("dancing"));
    view.apply(`${up}/tm/room/temp`, utf8("21.5"));
    expect(view.current().state?.s).toBe("lost");
    expect(view.current().telemetry["room/temp"]).toEqual(utf8("21.5"));
    expect(view.current().refused).toBe(1);
  });

  it("takes nothing from another device or from the way down", () => {
    const view = createDeviceView(tenant, device);
    view.apply("sp/1/demo/porch-2/up/state", state("ready"));
    view.apply("sp/1/demo/porch-1/dn/state", state("ready"));
    expect(view.current().state).toBeUndefined();
  });

  it("cannot be made to grow without end by a device that invents names", () => {
    const view = createDeviceView(tenant, device);
    for (let n = 0; n < 5_000; n += 1) view.apply(`${up}/tm/m/${n}`, utf8("x"));
    view.apply(`${up}/tm/m/0`, utf8("newer"));
    expect(Object.keys(view.current().telemetry)).toHaveLength(1_000);
    expect(view.current().telemetry["m/0"]).toEqual(utf8("newer"));
    expect(view.current().refused).toBe(4_000);
  });
});

describe("a line for the operator's terminal", () => {
  it("carries no control characters, whatever topic or payload the device chose", () => {
    const evil = "\u001b[2J\u001b]0;owned\u0007";
    const topics = [`${up}/${evil}`, `${up}/tm/${evil}/c`, `${up}/mod/${evil}/state`, `sp/1/demo/${evil}/up/state`];
    const payloads = [
      utf8(evil),
      state("ready"),
      json({ ver: "1.0.0", digest: evil, s: "crashed", restarts: 1, code: evil, reason: evil, t: 1 }),
    ];
    for (const topic of topics) {
      for (const payload of payloads) {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what is looked for.
        expect(formatMessage(topic, payload, { colour: false }) ?? "").not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
      }
    }
  });

  it("shows an attestation as what it is: a board's word that nobody has judged here", async () => {
    const line = (payload: Uint8Array) => formatMessage(`${up}/att`, payload, { colour: false });
    expect(line(await say())).toBe("porch-1  attested   number 12: 1 modules run; not judged here");
    expect(line(await say({ modules: [], nonce: NONCE }))).toContain("0 modules run, an answer; not judged here");
    for (const payload of [
      utf8("{"),
      json({}),
      json({ payloadType: "x", payload: "e30=", signatures: [{ sig: "AA==" }] }),
    ]) {
      expect(line(payload)).toContain("no attestation");
    }
  });
});
