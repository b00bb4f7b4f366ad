/** Arbitrary software: a delegation to a name that is a path, a number or nearly a top-level role's. */
import { describe, it } from "vitest";
import { makeReadySite } from "../../unit/updater/site.ts";
import { sees } from "./sees.ts";

describe("a delegation", () => {
  it.each(["a/b", "..", "1", "Targets", "team.acme", "__proto__", "constructor"])(
    "to %j is not followed",
    async (name) => {
      const site = await makeReadySite();
      await site.forge(site.image, "team-acme", ["team-acme.pem"], (signed) => {
        const role = { name, keyids: [], threshold: 1, terminating: false, paths: ["*"] };
        signed.delegations = { keys: {}, roles: [role] };
      });
      const text = /^image team-acme delegates to .*: not an acceptable role name$/;
      sees(await site.board().refresh(), "UPDATE_DELEGATION", "refusal", text);
    },
  );
});
