/** `sallyport watch`: follows a device over MQTT, one readable line per message. */
import { formatMessage } from "../../fleet/index.ts";
import { connect, LINK_OPTIONS } from "./operator.ts";
import { untilAborted, type Verb } from "./verb.ts";

export const verb: Verb = {
  name: "watch",
  summary: "Follow a device over MQTT: presence, jobs, module states, grants, telemetry, events, logs.",
  options: { ...LINK_OPTIONS, json: { help: "one JSON object per message: topic, retained, payload" } },
  examples: ["sallyport watch --broker mqtt://127.0.0.1:1883 --password-file pw --tenant home --device pi-7"],
  async run(args, io) {
    const { link, device } = await connect(args);
    const json = args.flag("json");
    await link.watch(device, (topic, payload) => {
      if (json) io.out(JSON.stringify({ topic, payload: new TextDecoder().decode(payload) }));
      else {
        const line = formatMessage(topic, payload, { colour: io.colour });
        if (line !== undefined) io.out(line);
      }
    });
    await untilAborted(io);
    await link.close();
    return 0;
  },
};
