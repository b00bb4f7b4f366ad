/** Which tier runs modules: the one that was asked for, or the fastest that this host has. */
import type { Engine, Tier } from "./engine.ts";
import { interpreterEngine } from "./interpret/engine.ts";
import { hostHasWebAssembly } from "./kernel/host.ts";
import { v8Engine } from "./v8/engine.ts";

export function engineOf(tier?: Tier): Engine {
  return (tier ?? (hostHasWebAssembly() ? "v8" : "interpreter")) === "v8" ? v8Engine : interpreterEngine;
}
