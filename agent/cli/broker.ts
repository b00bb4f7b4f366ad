/** `sallyport broker`: the embedded MQTT broker for one site or for trying things, with per-device access rules. */
import { startBroker } from "../../fleet/index.ts";
import { deviceId, tenantId } from "../../runtime/kernel/brand.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { array, object, oneOf, optional, parseJson, string } from "../../runtime/kernel/shape.ts";
import { readFile } from "./files.ts";
import { untilAborted, type Verb } from "./verb.ts";

const accountsShape = array(
  object({
    username: string({ min: 1, max: 200 }),
    password: string({ min: 1, max: 500 }),
    kind: oneOf("device", "operator"),
    tenant: optional(tenantId),
    device: optional(deviceId),
  }),
  { max: 10_000 },
);

export const verb: Verb = {
  name: "broker",
  summary: "Run the embedded MQTT broker (3.1.1) on loopback until interrupted.",
  options: {
    accounts: {
      value: "FILE",
      required: true,
      help: "JSON array of {username, password, kind: device|operator, tenant, device}",
    },
    port: { value: "PORT", default: "0", help: "TCP port, 0 for a free one" },
  },
  examples: ["sallyport broker --accounts accounts.json --port 1883"],
  async run(args, io) {
    const accounts = unwrap(
      parseJson(accountsShape, readFile(args.text("accounts")), args.text("accounts"), 4_000_000),
    );
    const broker = await startBroker({ accounts, port: args.integer("port", { min: 0, max: 65_535 }) });
    io.out(broker.url);
    await untilAborted(io);
    await broker.close();
    return 0;
  },
};
