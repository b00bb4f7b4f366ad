/** sensor_open, sensor_read, sensor_watch: one sensor by name, no more often than granted. */
import { EVENT, SP } from "../../runtime/index.ts";
import { utf8 } from "../../runtime/kernel/bytes.ts";
import type { Cancel, Clock } from "../../runtime/kernel/world.ts";
import { encodeReading, type Reading, type SensorPort } from "../sensors/port.ts";
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
  const sensor = sensorOf(context, handle.capability);
  const reading = sensor === undefined ? SP.ENOENT : await readWithin(context.clock, sensor);
  if (typeof reading === "number") return answer(reading);
  // The driver took its time: what comes after the revocation is nobody's reading any more.
  const still = context.ledger.check(handle.capability);
  return still < 0 ? answer(still) : { value: 0, out: encodeReading(reading) };
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
  handle.watch = every(context, Math.max(period, shortest), async (stopped) => {
    const sensor = sensorOf(context, handle.capability);
    if (sensor === undefined || context.ledger.use(handle.capability) < 0) return;
    // A sensor that fails to read gives no sample; a read by call says SP_EIO.
    const reading = await readWithin(context.clock, sensor).catch(() => SP.EIO);
    if (stopped() || typeof reading === "number") return;
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

const READ_MS = 1000;
/** Readings that a driver still owes: who asks meanwhile waits for the same one, so a hung driver holds one thread. */
const underWay = new WeakMap<SensorPort, Promise<Reading | undefined>>();

/** A reading, SP_EAGAIN when there is none yet, SP_ETIMEDOUT from a driver that hangs; rejects when it fails. */
async function readWithin(clock: Clock, sensor: SensorPort): Promise<Reading | number> {
  const late = Promise.withResolvers<number>();
  const cancel = clock.after(READ_MS, () => late.resolve(SP.ETIMEDOUT));
  try {
    return (await Promise.race([shared(sensor), late.promise])) ?? SP.EAGAIN;
  } finally {
    cancel();
  }
}

function shared(sensor: SensorPort): ReturnType<SensorPort["read"]> {
  const running = underWay.get(sensor);
  if (running !== undefined) return running;
  const answered = sensor.read();
  if (!(answered instanceof Promise)) return answered;
  const reading = answered.finally(() => underWay.delete(sensor));
  underWay.set(sensor, reading);
  return reading;
}

function every({ clock }: CallContext, ms: number, then: (stopped: () => boolean) => Promise<void>): Cancel {
  let stopped = false;
  let cancel: Cancel = () => undefined;
  const arm = () => {
    cancel = clock.after(ms, () => {
      void then(() => stopped).finally(() => {
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
