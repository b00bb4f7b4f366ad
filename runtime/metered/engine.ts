/** The metered tier behind the `Engine` interface. */
import type { Engine } from "../engine.ts";
import { startGuest } from "../worker/host.ts";
import { keepSpare, preparer } from "../worker/threads.ts";

export const meteredEngine: Engine = {
  tier: "metered",
  start: (options) => startGuest("metered", options),
  warm: () => preparer.warm(),
  keepSpare,
};
