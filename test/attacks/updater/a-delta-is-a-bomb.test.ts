/** Endless data: a delta that would become gigabytes, validly listed by a team's key, or put in an honest one's place. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { releasePaths } from "../../../runtime/kernel/authority/manifest.ts";
import { sha256 } from "../../../runtime/kernel/digest.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { applyDelta, deltaPath } from "../../../updater/delta.ts";
import { DEVICE, desired, FILES, makeReadySite } from "../../unit/updater/site.ts";
import { sees } from "./sees.ts";

const MODULE = Uint8Array.from({ length: 9000 }, (_, at) => (at * at * 31 + (at >> 3)) & 255);
const NEW = releasePaths("acme", "thermostat", "1.1.0").module;

describe("a delta that is a bomb", () => {
  it.each(["listed by a team's key", "in an honest one's place"])("costs the whole file: %s", async (how) => {
    const site = await makeReadySite();
    const board = site.board();
    const old = unwrap(await board.fetchTarget(unwrap(unwrap(await board.refresh()).agreed(FILES.module))));
    await site.release("1.1.0", { module: MODULE });
    unwrap(await site.repositories.assign(DEVICE, [desired("1.1.0")]));

    const bomb = zstdCompressSync(Buffer.alloc(100_000_000), { dictionary: old });
    const delta = { from: sha256(old), length: bomb.byteLength, sha256: sha256(bomb) };
    const listed = how === "listed by a team's key" ? delta : { ...delta, length: 100, sha256: sha256(MODULE) };
    await site.forge(site.image, "team-acme", ["team-acme.pem"], (signed) => {
      Object.assign(signed.targets[NEW]?.custom ?? {}, { deltas: [listed] });
    });
    const place = join(site.image.targets, deltaPath(sha256(MODULE), delta.from));
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, bomb);

    const target = unwrap(unwrap(await board.refresh()).agreed(NEW));
    expect(target.custom).toMatchObject({ deltas: [listed] });
    expect(unwrap(await board.fetchTarget(target))).toEqual(MODULE);
    const applied = applyDelta(old, listed, bomb, MODULE.byteLength);
    sees(applied, "UPDATE_DELTA", "refusal", new RegExp(`^the delta from ${delta.from} is of no use: `));
  });
});
