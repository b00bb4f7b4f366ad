/** The interpreter tier behind the `Engine` interface: the same worker, leash and host functions, our own code inside. */
import type { Engine } from "../engine.ts";
import { startGuest } from "../worker/host.ts";

export const interpreterEngine: Engine = {
  tier: "interpreter",
  start: (options) => startGuest("interpreter", options),
};
