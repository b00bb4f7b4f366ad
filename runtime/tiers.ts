/** Which tier runs modules: the one that was asked for, or the fastest that this host has. */
import { autoEngine } from "./auto/engine.ts";
import type { Engine, Tier } from "./engine.ts";
import { interpreterEngine } from "./interpret/engine.ts";
import { hostHasWebAssembly } from "./kernel/host.ts";
import { meteredEngine } from "./metered/engine.ts";
import { v8Engine } from "./v8/engine.ts";

const ENGINES: Readonly<Record<Tier, Engine>> = {
  metered: meteredEngine,
  interpreter: interpreterEngine,
  v8: v8Engine,
  auto: autoEngine,
};

export function engineOf(tier?: Tier): Engine {
  return ENGINES[tier ?? (hostHasWebAssembly() ? "metered" : "interpreter")];
}
