/** `sallyport agent run`: the agent of a provisioned board, until it is told to stop. */

import { TIERS } from "../../runtime/index.ts";
import { reasonOf } from "../../runtime/kernel/fault.ts";
import { jsonLog, nodeClock, nodeRandom } from "../../runtime/kernel/node-world.ts";
import { oneOf } from "../../runtime/kernel/shape.ts";
import { startAgent } from "../daemon.ts";
import { proxyOfEnvironment } from "./proxy-environment.ts";
import { untilAborted, type Verb } from "./verb.ts";

export const verb: Verb = {
  name: "agent run",
  summary: "Run the agent of a provisioned board. It logs JSON lines to standard error and ends on SIGTERM.",
  options: {
    dir: { value: "DIR", required: true, help: "the board's directory, made by sallyport provision" },
    tier: { value: "TIER", help: `${TIERS.join(", ")}; unless given, metered where the host may generate code` },
    "spare-thread": { help: "keep a thread ready for the next module: it starts sooner, for 7 MB of memory" },
    log: { value: "LEVEL", default: "info", help: "debug, info, warn or error" },
  },
  examples: ["sallyport agent run --dir /var/lib/sallyport"],
  async run(args, io) {
    const log = jsonLog(args.parsed("log", oneOf("debug", "info", "warn", "error")));
    // What nobody caught ends the agent at once: state is safe at any moment, and the service manager starts it again.
    process.once("uncaughtException", (error) => {
      log("error", "ended by a mistake of this program", { reason: reasonOf(error), stack: error.stack });
      process.exit(70);
    });
    const tier = args.maybe("tier") === undefined ? undefined : args.parsed("tier", oneOf(...TIERS));
    const directory = args.text("dir");
    const proxy = proxyOfEnvironment(process.env);
    const spareThread = args.flag("spare-thread");
    const common = { directory, clock: nodeClock, random: nodeRandom, log, spareThread, proxy };
    const agent = await startAgent(tier === undefined ? common : { ...common, tier });
    await untilAborted(io);
    await agent.stop();
    return 0;
  },
};
