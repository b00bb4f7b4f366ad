/** `sallyport refresh`: makes a device look at its repositories now, by signed command; the answer comes after the round. */
import { COMMAND_OPTIONS, sendOrder } from "./operator.ts";
import type { Verb } from "./verb.ts";

export const verb: Verb = {
  name: "refresh",
  summary: "Make a device look at its repositories now, by signed command; the answer comes after the round.",
  options: COMMAND_OPTIONS,
  examples: [
    "sallyport refresh --broker mqtt://127.0.0.1:1883 --password-file pw --tenant home --device pi-7 --key op.pem",
  ],
  run: (args, io) => sendOrder(args, io, { verb: "refresh", args: {} }),
};
