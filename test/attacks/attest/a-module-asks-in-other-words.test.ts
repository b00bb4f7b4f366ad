/** A weaker policy: where more is asked of modules that want certain capabilities, a manifest words its wishes so as not to be meant. */
import { describe, it } from "vitest";
import type { JudgeInput } from "../../../attest/index.ts";
import { wishShape } from "../../../runtime/kernel/authority/capability.ts";
import { utf8 } from "../../../runtime/kernel/bytes.ts";
import { unwrap } from "../../../runtime/kernel/result.ts";
import { array, parseJson } from "../../../runtime/kernel/shape.ts";
import { newSigner, provenanceBy } from "../../unit/attest/own-keys.ts";
import { DEVICE, MODULE, policy } from "../../unit/attest/release.ts";
import { accepts, door, PROVENANCE, parsed, RULE, refuses } from "./door.ts";

const at = door();
const [ci, qa] = [newSigner(), newSigner()];
const wishes = array(wishShape, { max: 16 });

/** One party for any module, two for those that ask for one of these. */
function twoFor(...asks: readonly object[]) {
  const parties = [
    { name: "ci", keys: [ci.publicPem] },
    { name: "qa", keys: [qa.publicPem] },
  ];
  const one = { ...RULE, require: [{ ...PROVENANCE, parties: ["ci"] }] };
  const two = { ...RULE, asks, require: [{ ...PROVENANCE, parties: ["ci", "qa"], threshold: 2 }] };
  return unwrap(parsed({ ...policy(), parties, evidence: [one, two] }));
}

async function wanting(asks: object, capabilities: readonly object[] | undefined, more: Partial<JudgeInput> = {}) {
  const read = capabilities && unwrap(parseJson(wishes, utf8(JSON.stringify(capabilities)), "the wishes", 10_000));
  const module = { ...MODULE, ...(read === undefined ? {} : { capabilities: read }) };
  return at.ask(await provenanceBy(ci), { policy: twoFor(asks), module, ...more });
}

const OUT = { cap: "gpio", line: "relay", dir: "out", maxHz: 1 };
const IN = { cap: "gpio", line: "door", dir: "in", maxHz: 1 };
const READ = { cap: "dir", name: "data", mode: "ro" };
const WRITE = { cap: "dir", name: "data", mode: "rw", bytes: 1000 };
const ONE_OF_TWO = "1 of 2 parties have signed what is asked for; missing: qa";

describe("a module that is asked for more because of what it wants", () => {
  it.each<[string, object, readonly object[] | undefined]>([
    ["an output among other wishes", { cap: "gpio", dir: "out" }, [IN, { cap: "random" }, OUT]],
    ["an output that it can do without", { cap: "gpio", dir: "out" }, [{ ...OUT, optional: true }]],
    ["either direction", { cap: "gpio" }, [IN]],
    ["writing, where more is asked of readers", { cap: "dir", mode: "ro" }, [WRITE]],
    ["writing", { cap: "dir", mode: "rw" }, [WRITE]],
    ["a directory in any way", { cap: "dir" }, [READ]],
    ["nothing that anybody has told the judge", { cap: "gpio" }, undefined],
  ])("is asked for it: %s", async (_, asks, capabilities) => {
    accepts(await wanting(asks, []));
    refuses(await wanting(asks, capabilities), "ATTEST_THRESHOLD", "refusal", ONE_OF_TWO);
  });

  it("is not asked for it where it wants something else", async () => {
    accepts(await wanting({ cap: "gpio", dir: "out" }, [IN]));
    accepts(await wanting({ cap: "dir", mode: "rw" }, [READ]));
    accepts(await wanting({ cap: "gpio" }, [{ cap: "random" }, READ]));
  });

  it("stays where its data may be, whatever the manifest says beside the policy", async () => {
    const rule = (regions: readonly string[]) => ({
      ...RULE,
      regions,
      require: [{ ...PROVENANCE, keys: [ci.publicPem] }],
    });
    const evidence = await provenanceBy(ci);
    const located = (regions: readonly string[], manifest?: readonly string[], region = "eu") =>
      at.ask(evidence, {
        policy: unwrap(parsed({ ...policy(), evidence: [rule(regions)] })),
        module: { ...MODULE, capabilities: [], ...(manifest === undefined ? {} : { regions: manifest }) },
        device: { ...DEVICE, region },
      });
    accepts(located(["eu"]));
    accepts(located(["eu", "us"], ["eu"]));
    const said = /^device board-1 is in region (?:eu|us|EU); this module may be in /;
    refuses(located(["us"], ["eu"]), "ATTEST_REGION", "refusal", said);
    refuses(located(["eu"], ["us"]), "ATTEST_REGION", "refusal", said);
    refuses(located(["eu"], undefined, "EU"), "ATTEST_REGION", "refusal", said);
    refuses(located(["eu"], ["eu"], "us"), "ATTEST_REGION", "refusal", said);
  });
});
