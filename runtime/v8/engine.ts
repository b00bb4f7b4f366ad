/** The V8 tier behind the `Engine` interface: the Loader's clamped bytes, compiled by V8 in a worker on a leash. */
import type { Engine } from "../engine.ts";
import { startGuest } from "../worker/host.ts";

export const v8Engine: Engine = { tier: "v8", start: (options) => startGuest("v8", options) };
