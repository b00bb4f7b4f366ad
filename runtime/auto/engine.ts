/** The tier `auto` behind the `Engine` interface; where the host may generate no code it is the interpreter. */
import type { Engine } from "../engine.ts";
import { hostHasWebAssembly } from "../kernel/host.ts";
import { startGuest } from "../worker/host.ts";
import { preparer } from "../worker/threads.ts";

export const autoEngine: Engine = {
  tier: "auto",
  start: (options) => startGuest(hostHasWebAssembly() ? "auto" : "interpreter", options),
  warm: () => {
    if (hostHasWebAssembly()) preparer.warm();
  },
};
