/** Every code of every room, for `explain` and docs/errors.md: the catalogue is the sum of the rooms' catalogues. */
import { catalogues as attest } from "../../attest/index.ts";
import { catalogue as publisher } from "../../attest/publisher/index.ts";
import { catalogue as devices } from "../../devices/index.ts";
import { catalogue as fleet } from "../../fleet/index.ts";
import { catalogues as runtime } from "../../runtime/index.ts";
import { kernelCatalogues } from "../../runtime/kernel/catalogue.ts";
import type { Catalogue, FaultEntry } from "../../runtime/kernel/fault.ts";
import { catalogue as updater } from "../../updater/index.ts";
import { catalogue as repository } from "../../updater/repository/index.ts";
import { catalogues as agent } from "../faults.ts";
import { catalogue as link } from "../link/faults.ts";
import { catalogue as proof } from "../proof/index.ts";
import { catalogue as state } from "../store/faults.ts";
import { catalogue as tpm } from "../tpm/faults.ts";

export const ALL_CATALOGUES: readonly Catalogue[] = [
  ...kernelCatalogues,
  ...runtime,
  updater,
  repository,
  ...attest,
  publisher,
  devices,
  ...agent,
  link,
  state,
  tpm,
  proof,
  fleet,
];

export function findCode(code: string): FaultEntry | undefined {
  for (const { table } of ALL_CATALOGUES) if (Object.hasOwn(table, code)) return table[code];
  return SP_CODES[code];
}

/** What a guest sees: not Faults of ours, but people meet them in module logs and ask. */
export const SP_CODES: Readonly<Record<string, FaultEntry>> = {
  SP_EDENIED: entry(
    "the capability is not granted",
    "Grant it with `sallyport repo assign`, within the owner's ceiling.",
  ),
  SP_EREVOKED: entry(
    "the capability was revoked while the module runs",
    "Only director metadata that lifts the revocation gives it back.",
  ),
  SP_ENOENT: entry("there is no such name, key or event part", "Check the name against the board description."),
  SP_EINVAL: entry("an argument has no meaning here", "Check the call against sallyport.h."),
  SP_EAGAIN: entry("nothing to give now", "Try again at the next event."),
  SP_ERATE: entry("called more often than granted", "Call less often, or grant a higher rate."),
  SP_EQUOTA: entry("a quota is used up (key-value bytes, outbox, handles)", "Free some, or grant more."),
  SP_EBADF: entry("the handle is closed or of an earlier life of the module", "Open it again."),
  SP_ETIMEDOUT: entry("the host did not answer in time", "Try again at the next event."),
  SP_EIO: entry("the device or the store failed", "Look at the agent's log for the cause."),
  SP_ENOSUP: entry("this board or line cannot do that", "Check the board description."),
  SP_ETOOBIG: entry("a name or payload is longer than granted", "Send less at once, or grant a larger maxBytes."),
  SP_EFAULT: entry("a pointer or length lies outside the module's memory", "A mistake in the module."),
};

function entry(says: string, todo: string): FaultEntry {
  return {
    kind: "refusal",
    says,
    means: "A host call returned this number to the module instead of doing what was asked.",
    todo,
  };
}
