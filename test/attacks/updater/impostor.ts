/** Somebody between board and repository: a server that passes on what it likes and answers the rest as it likes. */
import { createServer, get, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import type { Updater, UpdaterOptions } from "../../../updater/index.ts";
import { DEVICE, type Site } from "../../unit/updater/site.ts";

/** Answers a request itself (true), or lets it pass on to the repository (false). */
export type Answer = (path: string, response: ServerResponse) => boolean;

export interface Impostor {
  readonly url: string;
  /** A board that knows no other address. */
  board(name?: string, changes?: Partial<UpdaterOptions>): Updater;
  /** Resolves when a connection that it answered itself was closed. */
  readonly hungUp: Promise<void>;
}

export async function startServer(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

export async function impostor(site: Site, answer: Answer): Promise<Impostor> {
  const hungUp = Promise.withResolvers<void>();
  const url = await startServer((request, response) => {
    const path = request.url ?? "";
    response.on("error", () => undefined);
    if (answer(path, response)) {
      response.on("close", () => hungUp.resolve());
      return;
    }
    const { range } = request.headers;
    const headers = range === undefined ? {} : { range };
    const { method = "GET" } = request;
    get(new URL(path, site.server.url), { headers, method }, (honest) => {
      response.writeHead(honest.statusCode ?? 500, honest.headers);
      honest.pipe(response);
    });
  });
  return { url, hungUp: hungUp.promise, board: (name, changes) => boardAt(site, url, name, changes) };
}

/** A board whose repositories are below this address. */
export function boardAt(site: Site, url: string, name?: string, changes?: Partial<UpdaterOptions>): Updater {
  const below = (folder: string) => ({
    metadataUrl: `${url}${folder}/metadata/`,
    targetsUrl: `${url}${folder}/targets/`,
  });
  return site.board(name, {
    image: { ...below("image"), root: site.repositories.imageRoot() },
    director: { ...below(`director/${DEVICE}`), root: site.repositories.directorRoot() },
    ...changes,
  });
}
