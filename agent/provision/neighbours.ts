/**
 * Boards that help each other: what device.json says about serving others as a cache of the image repository, and the
 * server that this makes. Off unless the owner wrote it there.
 */
import { type Infer, integer, object, optional, refined, string } from "../../runtime/kernel/shape.ts";
import type { Clock, Log } from "../../runtime/kernel/world.ts";
import { type NeighbourServer, serveNeighbours, type Updater } from "../../updater/index.ts";

const ADDRESS = /^(?:([A-Za-z0-9.-]{1,253})|\[([0-9a-fA-F:.]{2,45})\]):(\d{1,5})$/;

/** `192.0.2.7:8470` or `[2001:db8::7]:8470`; undefined where it is none. Port 0 is any that is free. */
export function parseListen(text: string): { readonly host: string; readonly port: number } | undefined {
  const [, name, literal, digits = ""] = ADDRESS.exec(text) ?? [];
  const host = name ?? literal;
  const port = Number(digits);
  return host === undefined || port > 65_535 ? undefined : { host, port };
}

export const listenAddress = refined(
  string({ min: 3, max: 300 }),
  (text) => parseListen(text) !== undefined,
  "an address to listen at as HOST:PORT, e.g. 192.0.2.7:8470",
);

export const neighboursShape = object({
  /** Which of the board's own addresses others reach it at. */
  listen: listenAddress,
  /** Connections at a time; one address has at most half of them. 16 unless given. */
  connections: optional(integer({ min: 2, max: 256 })),
  /** Bytes per second for all of them together; 4 000 000 unless given. */
  bytesPerSMax: optional(integer({ min: 65_536, max: 2 ** 40 })),
});
export type NeighboursConfig = Infer<typeof neighboursShape>;

export interface NeighbourSeams {
  readonly updater: Pick<Updater, "shelf">;
  readonly clock: Clock;
  readonly log: Log;
}

/** Begins to serve, if that is wanted. An address that cannot be had is logged and tried again each minute. */
export function startNeighbours(
  config: NeighboursConfig | undefined,
  { updater, clock, log }: NeighbourSeams,
): NeighbourServer | undefined {
  const listen = config && parseListen(config.listen);
  if (config === undefined || listen === undefined) return undefined;
  const { connections: connectionsMax = 16, bytesPerSMax = 4_000_000 } = config;
  const server = serveNeighbours({
    listen,
    connectionsMax,
    bytesPerSMax,
    clock,
    shelf: updater.shelf,
    onTrouble: (why) => log("warn", "neighbours are not served", { code: why.code, reason: why.message }),
  });
  void server.listening.then((url) => log("info", "neighbours are served", { url }));
  return server;
}
