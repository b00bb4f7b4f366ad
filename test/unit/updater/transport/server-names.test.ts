/** Names in a server's certificate, as the platform writes them, and as an attacker would like them to be read. */
import { describe, expect, it } from "vitest";
import { alternativeNames, refuseServer } from "../../../../updater/client/server-names.ts";

const ID = "URI:spiffe://home/updates";

describe("a server is who the owner named", () => {
  it("when one of its names is exactly that", () => {
    expect(refuseServer(`DNS:updates.internal, ${ID}`, [ID])).toBeUndefined();
    expect(refuseServer("DNS:updates.internal, IP Address:10.0.0.1", ["DNS:updates.internal"])).toBeUndefined();
    expect(refuseServer(ID, ["DNS:other", ID])).toBeUndefined();
  });

  it("not by a name that only resembles it", () => {
    for (const text of [
      `${ID}/x`,
      "URI:spiffe://home/update",
      "DNS:spiffe://home/updates",
      ID.toUpperCase(),
      "",
      undefined,
    ]) {
      expect(refuseServer(text, [ID])).toContain("wanted is");
    }
  });

  it("not by a value that holds the name between commas", () => {
    const forged = `DNS:"a, ${ID}, b", DNS:x`;
    expect(alternativeNames(forged)).toEqual([`DNS:a, ${ID}, b`, "DNS:x"]);
    expect(refuseServer(forged, [ID])).toBeDefined();
    expect(refuseServer(`DNS:"a\\", ${ID}, \\"b"`, [ID])).toBeDefined();
  });

  it("not with a second URI beside a SPIFFE id", () => {
    expect(refuseServer(`${ID}, URI:spiffe://elsewhere/x`, [ID])).toBeDefined();
  });

  it("not by a text that cannot be read", () => {
    expect(alternativeNames(`DNS:"open, ${ID}`)).toEqual([]);
    expect(alternativeNames(`${ID}, "`)).toEqual([]);
  });
});
