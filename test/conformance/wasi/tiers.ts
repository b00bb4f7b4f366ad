/** The tiers that run WASI programs: each makes code of bytes, linked with functions of one module. */
import type { GuestTier } from "../../../runtime/guest-code.ts";
import { interpreterTier } from "../../../runtime/interpret/guest-code.ts";
import { v8Tier } from "../../../runtime/v8/guest-code.ts";

export const TIERS: Readonly<Record<string, GuestTier>> = { v8: v8Tier, interpreter: interpreterTier };
