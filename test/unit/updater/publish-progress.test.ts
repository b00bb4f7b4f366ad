/** A publisher who waits is told how far it is: in bytes, upwards, to the end. */
import { expect, it } from "vitest";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { POLICY } from "./content.ts";
import { makeReadySite, releaseInput } from "./site.ts";

it("a release tells its progress after each delta and each file, the owner's targets after each file", async () => {
  const { repositories } = await makeReadySite();
  const told: [number, number][] = [];
  const onProgress = (done: number, of: number) => void told.push([done, of]);
  const input = releaseInput("1.1.0", { onProgress });
  unwrap(await repositories.publishRelease(input));
  const files = [input.manifest, input.module, input.bundle].map((bytes) => bytes.byteLength);
  const all = files.reduce((sum, one) => sum + one, input.module.byteLength);
  expect(told).toHaveLength(4);
  expect(told[0]).toEqual([input.module.byteLength, all]);
  expect(told.at(-1)).toEqual([all, all]);
  expect(told.map(([done]) => done)).toEqual(told.map(([done]) => done).sort((a, b) => a - b));

  told.length = 0;
  unwrap(await repositories.putOwnerTargets(new Map([["policy/other.json", POLICY]]), onProgress));
  expect(told).toEqual([[POLICY.byteLength, POLICY.byteLength]]);
});
