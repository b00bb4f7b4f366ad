/** sensor_open, sensor_read, sensor_watch: one sensor by name, no more often than granted. */
import { EVENT, SP } from "../../runtime/index.ts";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import type { Cancel } from "../../runtime/kernel/world.ts";
import { encodeReading } from "../sensors/port.ts";
import { answer, type CallContext, type CallFunction, handleOf, int, nowNs, openHandle, text } from "./context.ts";

const sensorOf = ({ board }: CallContext, capability: string) => board.sensors.get(capability.slice("sensor:".length));

export const sensorOpen: CallFunction = (context, call) => {
  const id = `sensor:${text(call, 0)}`;
  const allowed = context.ledger.check(id);
  if (allowed < 0) return answer(allowed);
  return answer(sensorOf(context, id)?.present() === true ? openHandle(context, id) : SP.ENOENT);
};

export const sensorRead: CallFunction = async (context, call) => {
  const handle = handleOf(context, call, "sensor:");
  if (typeof handle === "number") return answer(handle);
  const allowed = context.ledger.use(handle.capability);
  if (allowed < 0) return answer(allowed);
  const reading = await sensorOf(context, handle.capability)?.read();
  return reading === undefined ? answer(SP.EAGAIN) : { value: 0, out: encodeReading(reading) };
};

/** A period of 0 ends the watch; a period shorter than the granted rate is stretched to it. */
export const sensorWatch: CallFunction = (context, call) => {
  const handle = handleOf(context, call, "sensor:");
  if (typeof handle === "number") return answer(handle);
  const period = int(call, 1);
  if (period < 0) return answer(SP.EINVAL);
  const allowed = context.ledger.check(handle.capability);
  if (allowed < 0) return answer(allowed);
  handle.watch?.();
  handle.watch = undefined;
  if (period === 0) return answer(0);
  const held = context.ledger.held(handle.capability);
  const shortest = held?.cap === "sensor" ? 1000 / held.maxHz : period;
  const number = int(call, 0);
  handle.watch = every(context, Math.max(period, shortest), async () => {
    if (context.ledger.use(handle.capability) < 0) return;
    const sensor = sensorOf(context, handle.capability);
    // A sensor that fails to read gives no sample; a read by call says SP_EIO.
    const reading = await Promise.resolve(sensor?.read()).catch(() => undefined);
    if (sensor === undefined || reading === undefined) return;
    context.post({
      kind: EVENT.SAMPLE,
      handle: number,
      timeNs: nowNs(context.clock),
      arg: 0,
      name: utf8(sensor.name),
      payload: encodeReading(reading),
    });
  });
  return answer(0);
};

function every({ clock }: CallContext, ms: number, then: () => Promise<void>): Cancel {
  let stopped = false;
  let cancel: Cancel = () => undefined;
  const arm = () => {
    cancel = clock.after(ms, () => {
      void then().finally(() => {
        if (!stopped) arm();
      });
    });
  };
  arm();
  return () => {
    stopped = true;
    cancel();
  };
}
