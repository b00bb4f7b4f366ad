/** `sallyport revoke`: takes a capability from a running module, effective with its next host call. */
import { moduleName } from "../../runtime/kernel/brand.ts";
import { COMMAND_OPTIONS, sendOrder } from "./operator.ts";
import type { Verb } from "./verb.ts";

export const verb: Verb = {
  name: "revoke",
  summary: "Take a capability from a running module. It stays revoked until director metadata lifts the command's id.",
  options: {
    ...COMMAND_OPTIONS,
    module: { value: "NAME", required: true, help: "the module" },
    cap: { value: "ID", required: true, help: "capability id as `sallyport grants` shows it, or * for all" },
    reason: { value: "TEXT", default: "", help: "kept in the device's audit trail" },
  },
  examples: [
    "sallyport revoke --broker mqtt://127.0.0.1:1883 --password-file pw --tenant home --device pi-7 --key op.pem --module room-climate --cap gpio:fan",
  ],
  run: (args, io) =>
    sendOrder(args, io, {
      verb: "revoke",
      args: { module: args.parsed("module", moduleName), capability: args.text("cap"), reason: args.text("reason") },
    }),
};
