/** mqtt_publish, mqtt_subscribe: channels by name; which topic a channel is on is the agent's business. */
import { SP } from "../../runtime/index.ts";
import { answer, type CallFunction, int, openHandle, text } from "./context.ts";

/** `flags`: QoS in bits 0 and 1, retain in bit 2. */
const FLAG_QOS = 0b011;
const FLAG_RETAIN = 0b100;

export const mqttPublish: CallFunction = async ({ ledger, services }, call) => {
  const channel = text(call, 0) ?? "";
  const payload = call.bytes[1] ?? new Uint8Array(0);
  const flags = int(call, 0);
  const qos = flags & FLAG_QOS;
  if (flags < 0 || flags > (FLAG_QOS | FLAG_RETAIN) || (qos !== 0 && qos !== 1)) return answer(SP.EINVAL);
  const id = `publish:${channel}`;
  const allowed = ledger.use(id);
  if (allowed < 0) return answer(allowed);
  const held = ledger.held(id);
  if (held?.cap !== "publish" || qos > held.qos) return answer(ledger.refuse(id, SP.EDENIED));
  if (payload.byteLength > held.maxBytes) return answer(ledger.refuse(id, SP.ETOOBIG));
  const result = await services.publish(channel, payload, qos, (flags & FLAG_RETAIN) !== 0);
  return answer(result < 0 ? ledger.refuse(id, result) : result);
};

export const mqttSubscribe: CallFunction = (context, call) => {
  const qos = int(call, 0);
  if (qos !== 0 && qos !== 1) return answer(SP.EINVAL);
  const channel = text(call, 0) ?? "";
  const id = `subscribe:${channel}`;
  const allowed = context.ledger.check(id);
  if (allowed < 0) return answer(allowed);
  const handle = openHandle(context, id);
  if (handle >= 0) context.services.subscribe(channel);
  return answer(handle);
};
