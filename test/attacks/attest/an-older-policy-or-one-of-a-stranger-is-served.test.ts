/** A weaker policy: an older one of the owner's comes back, or one that director or team have signed. */
import { describe, expect, it } from "vitest";
import { judgeMetadata, type SeenPolicy } from "../../../agent/flow/judge-metadata.ts";
import { POLICY_PATH, type Policy, TRUSTED_ROOT_PATH } from "../../../attest/index.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { sha256 } from "../../../runtime/kernel/digest.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { DEVICE, desired, makeSite, type Site } from "../../unit/updater/site.ts";
import { sees } from "../updater/sees.ts";
import { door, keylessPolicy } from "./door.ts";

const at = door();
const written = (version: number, more: object = {}) => utf8(JSON.stringify({ ...keylessPolicy(), ...more, version }));
/** Whatever would open the door. */
const LAX = { evidence: [], operators: [] };

async function ready() {
  const site = await makeSite();
  await owns(site, written(3));
  await site.release("1.0.0");
  unwrap(await site.repositories.assign(DEVICE, [desired("1.0.0")]));
  return site;
}

async function owns(site: Site, policy: Uint8Array) {
  const targets = new Map([
    [POLICY_PATH, policy],
    [TRUSTED_ROOT_PATH, at.sigstore.trustedRoot],
  ]);
  unwrap(await site.repositories.putOwnerTargets(targets));
}

/** What the agent does at the beginning of a round. */
async function look(site: Site, before?: SeenPolicy) {
  const board = site.board();
  return judgeMetadata(unwrap(await board.refresh()), board, DEVICE, before);
}

describe("a policy", () => {
  it("that the owner has replaced is refused, though all signatures are new and good", async () => {
    const site = await ready();
    const { seen } = unwrap(await look(site));
    await owns(site, written(2));
    const said = /policy.*2.*3/;
    sees(await look(site, seen), "ADMIT_POLICY_ROLLBACK", "attack", said);
    await owns(site, written(4));
    expect(unwrap(await look(site, seen)).policy.version).toBe(4);
  });

  it("that differs under the same version is refused: a version says one thing", async () => {
    const site = await ready();
    const { seen } = unwrap(await look(site));
    await owns(site, written(3, LAX));
    sees(await look(site, seen), "ADMIT_POLICY_ROLLBACK", "attack", /policy/);
  });

  it("that the director signs is not looked at: the owner's stays in force", async () => {
    const site = await ready();
    const lax = written(9, LAX);
    const entry = { length: lax.byteLength, hashes: { sha256: sha256(lax) } };
    await site.forge(site.director(), "targets", ["director-online.pem"], (signed) => {
      Object.assign(signed.targets, { [POLICY_PATH]: entry, [TRUSTED_ROOT_PATH]: entry });
    });
    const { policy } = unwrap(await look(site));
    expect(policy).toEqual<Policy>(keylessPolicyOf(3));
  });

  it("that a team signs is not looked at, also where its paths are said to be the owner's", async () => {
    const site = await ready();
    const lax = written(9, LAX);
    const entry = { length: lax.byteLength, hashes: { sha256: sha256(lax) } };
    await site.forge(site.image, "team-acme", ["team-acme.pem"], (signed) => {
      Object.assign(signed.targets, { [POLICY_PATH]: entry });
    });
    expect(unwrap(await look(site)).policy).toEqual(keylessPolicyOf(3));
  });

  it("that the online key of the image repository signs is refused with all that came with it", async () => {
    const site = await ready();
    const lax = written(9, LAX);
    const board = site.board();
    unwrap(await board.refresh());
    await site.forge(site.image, "targets", ["image-online.pem"], (signed) => {
      signed.targets[POLICY_PATH] = { length: lax.byteLength, hashes: { sha256: sha256(lax) } };
    });
    sees(await board.refresh(), "UPDATE_SIGNATURE", "attack", /targets/);
    const view = board.view() ?? expect.fail("what was trusted stands");
    expect(unwrap(await judgeMetadata(view, board, DEVICE, undefined)).policy).toEqual(keylessPolicyOf(3));
  });
});

const keylessPolicyOf = (version: number) => ({ ...keylessPolicy(), version });
