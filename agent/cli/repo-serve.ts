/** `sallyport repo serve`: the static files over HTTP, for trying things and for tests; any web server does the same. */
import { serveRepositories } from "../../updater/repository/index.ts";
import { DIR_OPTION } from "./repo-open.ts";
import { untilAborted, type Verb } from "./verb.ts";

export const verb: Verb = {
  name: "repo serve",
  summary: "Serve both repositories over HTTP on loopback until interrupted. Keys are never served.",
  options: { dir: DIR_OPTION, port: { value: "PORT", default: "0", help: "TCP port, 0 for a free one" } },
  examples: ["sallyport repo serve --port 8480"],
  async run(args, io) {
    const served = await serveRepositories(args.text("dir"), { port: args.integer("port", { min: 0, max: 65_535 }) });
    io.out(served.url);
    await untilAborted(io);
    await served.close();
    return 0;
  },
};
