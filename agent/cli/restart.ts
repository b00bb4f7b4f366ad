/** `sallyport restart`: starts a module anew, also one that gave up or was rolled back. */
import { moduleName } from "../../runtime/kernel/brand.ts";
import { COMMAND_OPTIONS, sendOrder } from "./operator.ts";
import type { Verb } from "./verb.ts";

export const verb: Verb = {
  name: "restart",
  summary: "Start a module again. Its roll-back memory is cleared, so a desired release gets one more try.",
  options: { ...COMMAND_OPTIONS, module: { value: "NAME", required: true, help: "the module" } },
  examples: [
    "sallyport restart --broker mqtt://127.0.0.1:1883 --password-file pw --tenant home --device pi-7 --key op.pem --module room-climate",
  ],
  run: (args, io) => sendOrder(args, io, { verb: "restart", args: { module: args.parsed("module", moduleName) } }),
};
