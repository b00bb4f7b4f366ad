/**
 * The HTTP side of simulated repositories: any number of them on one loopback port, each twice, once for the client
 * under test (whose requests are written down) and once for the one it is compared with. A repository may answer for
 * itself: late, without end, broken off.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Repository } from "./simulator.ts";

/** Answers a request itself and says so, or leaves it to the server. */
export type Behaviour = (kind: "metadata" | "targets", name: string, answer: Answering) => boolean;

export interface Answering {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

export interface Mount {
  readonly metadataUrl: string;
  readonly targetsUrl: string;
  /** `metadata/NAME` and `targets/PATH` in order, as they stood in the URLs. */
  readonly requests: string[];
  behaviour: Behaviour | undefined;
  /** Whether the last request was a HEAD. */
  looked: boolean;
}

export interface SimulatorServer {
  mount(repository: Repository): Mount;
  close(): Promise<void>;
}

export async function startServer(): Promise<SimulatorServer> {
  const mounts = new Map<string, { repository: Repository; mount: Mount }>();
  const server = createServer((request, response) => {
    const [, id = "", kind = "", ...rest] = (request.url ?? "").split("/");
    const found = mounts.get(id);
    const name = rest.join("/");
    if (found === undefined || (kind !== "metadata" && kind !== "targets")) return void response.writeHead(404).end();
    const { repository, mount } = found;
    const asked = `${kind}/${name}`;
    // A look before (HEAD) and the download that follows it are one request to whoever reads the list.
    if (!(mount.looked && mount.requests.at(-1) === asked)) mount.requests.push(asked);
    mount.looked = request.method === "HEAD";
    if (mount.behaviour?.(kind, name, { request, response }) === true) return;
    const bytes = kind === "metadata" ? repository.files.get(name) : repository.artifacts.get(decoded(name));
    if (bytes === undefined) response.writeHead(404, { "content-length": 0 }).end();
    else response.writeHead(200, { "content-length": bytes.byteLength }).end(bytes);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  const { port } = server.address() as AddressInfo;
  return {
    mount(repository) {
      const id = `m${mounts.size}`;
      const base = `http://127.0.0.1:${port}/${id}`;
      const mount: Mount = {
        metadataUrl: `${base}/metadata/`,
        targetsUrl: `${base}/targets/`,
        requests: [],
        behaviour: undefined,
        looked: false,
      };
      mounts.set(id, { repository, mount });
      return mount;
    },
    close() {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      server.closeAllConnections();
      return closed.promise;
    },
  };
}

/** A path as it was meant; what is no encoding is taken as it stands. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
