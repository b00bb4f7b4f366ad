/** The tiers that run WASI programs: each makes code of bytes, linked with functions of one module. */
import type { GuestTier } from "../../../runtime/guest-code.ts";
import { interpreterTier } from "../../../runtime/interpret/guest-code.ts";
import { meteredTier } from "../../../runtime/metered/guest-code.ts";
import { prepare } from "../../../runtime/metered/prepare.ts";
import { v8Tier } from "../../../runtime/v8/guest-code.ts";

export const TIERS: Readonly<Record<string, GuestTier>> = {
  metered: meteredTier(prepare),
  interpreter: interpreterTier,
  v8: v8Tier,
};
