/** Fail-over between the addresses of a repository: who is asked, who is blamed, and which fault is told. */
import { describe, expect, it } from "vitest";
import { utf8 } from "../../../../runtime/kernel/bytes.ts";
import { attempt } from "../../../../runtime/kernel/result.ts";
import { createMirrors, type Wanted } from "../../../../updater/client/mirrors.ts";
import type { Source } from "../../../../updater/client/source.ts";
import { fault } from "../../../../updater/faults.ts";
import { SteppingClock } from "../../../fakes/clock.ts";
import { codeOf, faultOf } from "../site.ts";

const FAULTS = {
  network: () => fault("UPDATE_NETWORK", { url: "x", reason: "y" }),
  slow: () => fault("UPDATE_SLOW", {}),
  forged: () => fault("UPDATE_SIGNATURE", { repository: "image", role: "targets" }),
  stale: () => fault("UPDATE_STALE", {}),
  full: () => fault("UPDATE_STORE_FULL", {}),
  later: () => fault("UPDATE_NOT_NOW", {}),
  absent: () => fault("UPDATE_HTTP_STATUS", { url: "x", status: 404 }),
  unnamed: () => fault("UPDATE_METADATA_MISSING", { repository: "image", role: "timestamp", name: "timestamp.json" }),
};
type Trouble = keyof typeof FAULTS;

/** Three mirrors, of which some may be caches; what each does is set by name, and each use is noted. */
function threeMirrors(caches: readonly string[] = []) {
  const clock = new SteppingClock();
  const trouble = new Map<string, Trouble>();
  const asked: string[] = [];
  const left: string[] = [];
  const list = ["a", "b", "c"].map((name) => {
    const source: Source = { metadata: async () => utf8(name), target: () => expect.fail(), close: () => undefined };
    return { name, source, cache: caches.includes(name) };
  });
  const mirrors = createMirrors(list, { clock, onLeft: (name, why) => left.push(`${name} ${why.code}`) });
  const use = async (wanted?: Wanted) => {
    asked.length = 0;
    return await attempt(() =>
      mirrors.each(async (source) => {
        const name = new TextDecoder().decode(await source.metadata("timestamp.json", 1));
        asked.push(name);
        const kind = trouble.get(name);
        if (kind !== undefined) throw FAULTS[kind]();
        return name;
      }, wanted),
    );
  };
  return { clock, trouble, asked, left, use, mirrors };
}

describe("the mirrors of a repository", () => {
  it("are asked in their order until one serves, and those left are reported", async () => {
    const { trouble, asked, left, use } = threeMirrors();
    trouble.set("a", "forged").set("b", "network");
    expect(await use()).toEqual({ ok: true, value: "c" });
    expect(asked).toEqual(["a", "b", "c"]);
    expect(left).toEqual(["a UPDATE_SIGNATURE", "b UPDATE_NETWORK"]);
  });

  it("begin with the one that served last, also when an earlier one is well again", async () => {
    const { clock, trouble, asked, use } = threeMirrors();
    trouble.set("a", "network");
    await use();
    trouble.clear();
    clock.advance(10 * 3_600_000);
    await use();
    expect(asked).toEqual(["b"]);
  });

  it("are avoided for a minute after a failure", async () => {
    const { clock, trouble, asked, use } = threeMirrors();
    trouble.set("a", "slow");
    await use();
    trouble.set("b", "slow");
    clock.advance(59_999);
    await use();
    expect(asked).toEqual(["b", "c"]);
    trouble.clear();
    trouble.set("c", "slow");
    clock.advance(1);
    await use();
    expect(asked).toEqual(["c", "a"]);
  });

  it("are avoided longer after each failure, never for more than an hour", async () => {
    const { clock, trouble, asked, use } = threeMirrors();
    trouble.set("a", "slow").set("b", "slow").set("c", "slow");
    await use();
    await use();
    clock.advance(60_000);
    trouble.delete("c");
    await use();
    expect(asked).toEqual(["a", "b", "c"]); // All are avoided; the one that is free first comes first.
    for (let i = 0; i < 30; i += 1) {
      trouble.set("c", "slow");
      await use();
    }
    clock.advance(3_600_000);
    trouble.delete("a");
    await use();
    expect(asked).toEqual(["c", "a"]);
  });

  it("leave none unasked, however badly each behaved", async () => {
    const { trouble, asked, use } = threeMirrors();
    trouble.set("a", "forged").set("b", "forged").set("c", "forged");
    for (let i = 0; i < 5; i += 1) await use();
    trouble.delete("b");
    expect((await use()).ok).toBe(true);
    expect(asked).toContain("b");
  });

  it("that all fail are told by the fault that says most: an attack before stale files before the network", async () => {
    const { trouble, use } = threeMirrors();
    trouble.set("a", "network").set("b", "stale").set("c", "forged");
    expect(codeOf(await use())).toBe("UPDATE_SIGNATURE");
    trouble.set("c", "slow");
    expect(codeOf(await use())).toBe("UPDATE_STALE");
    trouble.set("b", "slow");
    expect(faultOf(await use()).kind).toBe("network");
  });

  it("are not blamed for a full disk or a closed window", async () => {
    const { trouble, asked, left, use } = threeMirrors();
    for (const kind of ["full", "later"] as const) {
      trouble.set("a", kind);
      expect((await use()).ok).toBe(false);
      expect(asked).toEqual(["a"]);
    }
    expect(left).toEqual([]);
  });

  it("are not blamed for what was done without them", async () => {
    const { trouble, asked, left, use, mirrors } = threeMirrors();
    trouble.set("a", "network");
    await use();
    left.length = 0;
    const own = await attempt(() => mirrors.each(() => Promise.reject(FAULTS.forged())));
    expect(codeOf(own)).toBe("UPDATE_SIGNATURE");
    trouble.clear();
    await use();
    expect([asked, left]).toEqual([["b"], []]);
  });
});

describe("a cache among the mirrors", () => {
  it("is asked last for metadata, however well it served, and first for targets", async () => {
    const { clock, trouble, asked, use } = threeMirrors(["a"]);
    await use("metadata");
    expect(asked).toEqual(["b"]);
    trouble.set("b", "network").set("c", "network");
    await use("metadata");
    expect(asked).toEqual(["b", "c", "a"]);
    await use("metadata");
    expect(asked).toEqual(["b", "c", "a"]);
    trouble.clear();
    await use("metadata");
    expect(asked).toEqual(["b"]);
    await use("targets");
    expect(asked).toEqual(["a"]);
    clock.advance(1);
    await use("metadata");
    expect(asked).toEqual(["b"]);
  });

  it("is blamed for what it serves and not for what it has not got", async () => {
    const { trouble, asked, left, use } = threeMirrors(["a"]);
    trouble.set("a", "absent");
    await use("targets");
    expect(asked).toEqual(["a", "b"]);
    await use("targets");
    expect(asked).toEqual(["a", "b"]);
    expect(left).toEqual([]);
    trouble.set("a", "forged");
    await use("targets");
    await use("targets");
    expect(asked).toEqual(["b"]);
    expect(left).toEqual(["a UPDATE_SIGNATURE"]);
  });

  it("that has nothing hides no other fault", async () => {
    const { trouble, use } = threeMirrors(["a"]);
    trouble.set("a", "absent").set("b", "network").set("c", "network");
    expect(codeOf(await use("targets"))).toBe("UPDATE_NETWORK");
    const lonely = threeMirrors(["a", "b", "c"]);
    for (const name of ["a", "b", "c"]) lonely.trouble.set(name, "unnamed");
    expect(codeOf(await lonely.use("metadata"))).toBe("UPDATE_METADATA_MISSING");
  });
});
