/** The short form of a grant on a command line: `gpio:fan:out`, `sensor:room-temp`, `publish:climate`, `kv`, `clock` … */
import { type Cover, coverShape, type Wish } from "../../runtime/kernel/authority/capability.ts";
import { parseShape } from "../../runtime/kernel/shape.ts";
import { usageFault } from "./verb.ts";

export const GRANT_HELP =
  "gpio:LINE:in|out, sensor:NAME, publish:CHANNEL, subscribe:CHANNEL, kv, clock, random, identity, dir:NAME[:ro]";

export function parseGrant(spec: string): Cover {
  const [cap = "", name, dir, ...rest] = spec.split(":");
  const document = {
    gpio: { cap, line: name, dir },
    sensor: { cap, name },
    publish: { cap, channel: name },
    subscribe: { cap, channel: name },
    dir: { cap, name, ...(dir === undefined ? {} : { mode: dir }) },
  }[cap] ?? { cap };
  const extra = cap === "gpio" || cap === "dir" ? rest : [dir, ...rest].filter((one) => one !== undefined);
  const parsed = parseShape(coverShape, document, `grant ${spec}`);
  if (!parsed.ok || extra.length > 0) throw usageFault(`"${spec}" is not a grant; write one of ${GRANT_HELP}`);
  return parsed.value;
}

/** A cover for exactly what a manifest wants, rates included. */
export function coverOfWish(wish: Wish): Cover {
  const { optional: _, ...cover } = wish;
  return cover;
}
