/**
 * The only bridge from engine to device: one place to read when asking "can this module do that?". Finds the call's
 * function, and turns whatever a driver or a service throws into SP_EIO: a broken sensor must not break the agent.
 */
import { type HostAnswer, type HostCall, SP } from "../runtime/index.ts";
import { mqttPublish, mqttSubscribe } from "./calls/channel.ts";
import { answer, type CallContext, type CallFunction, int, text } from "./calls/context.ts";
import { gpioGet, gpioOpen, gpioSet, gpioWatch } from "./calls/gpio.ts";
import { sensorOpen, sensorRead, sensorWatch } from "./calls/sensor.ts";
import { kvDelete, kvGet, kvSet } from "./calls/store.ts";

/** 0 granted, SP_EDENIED, SP_EREVOKED; SP_EINVAL for a name that is no capability's. */
const capQuery: CallFunction = ({ ledger }, call) => {
  const id = text(call, 0);
  return answer(id === undefined || !/^[a-z]+(?::[a-z0-9._-]+)?$/.test(id) ? SP.EINVAL : ledger.check(id));
};

const handleClose: CallFunction = ({ handles }, call) => answer(handles.close(int(call, 0)) ? 0 : SP.EBADF);

const CALLS: Readonly<Record<string, CallFunction>> = {
  cap_query: capQuery,
  gpio_open: gpioOpen,
  gpio_get: gpioGet,
  gpio_set: gpioSet,
  gpio_watch: gpioWatch,
  sensor_open: sensorOpen,
  sensor_read: sensorRead,
  sensor_watch: sensorWatch,
  mqtt_publish: mqttPublish,
  mqtt_subscribe: mqttSubscribe,
  kv_get: kvGet,
  kv_set: kvSet,
  kv_delete: kvDelete,
  handle_close: handleClose,
};

export async function answerCall(
  context: CallContext,
  call: HostCall,
  onBroken: (error: unknown) => void,
): Promise<HostAnswer> {
  const fn = Object.hasOwn(CALLS, call.name) ? CALLS[call.name] : undefined;
  if (fn === undefined) return answer(SP.ENOSUP);
  try {
    return await fn(context, call);
  } catch (error) {
    onBroken(error);
    return answer(SP.EIO);
  }
}
