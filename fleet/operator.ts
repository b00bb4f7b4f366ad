/** An operator at the protocol's other end: follows devices, hints them, sends commands somebody signed, waits for answers. */

import { type ResultMessage, resultShape, topicsOf, type Verb } from "../agent/wire/index.ts";
import type { DeviceId, TenantId } from "../runtime/kernel/brand.ts";
import { utf8 } from "../runtime/kernel/bytes.ts";
import { nodeClock } from "../runtime/kernel/node-world.ts";
import { parseJson } from "../runtime/kernel/shape.ts";
import { connectMqtt } from "./connect.ts";

export interface OperatorLink {
  /** Every `up` message of the device from now on, retained ones first. */
  watch(device: DeviceId, onMessage: (topic: string, payload: Uint8Array) => void): Promise<void>;
  hint(device: DeviceId): Promise<void>;
  sendCommand(device: DeviceId, verb: Verb, bytes: Uint8Array): Promise<void>;
  /** The device's answer to a command; undefined after `timeoutMs`. */
  awaitResult(device: DeviceId, id: string, timeoutMs: number): Promise<ResultMessage | undefined>;
  /** The first attestation of the device from now on, retained or not, that `isMeant`; undefined after `timeoutMs`. */
  awaitAttestation(
    device: DeviceId,
    isMeant: (envelope: Uint8Array) => boolean,
    timeoutMs: number,
  ): Promise<Uint8Array | undefined>;
  close(): Promise<void>;
}

const RESULT_BYTES_MAX = 16_384;

export async function connectOperator(options: {
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly tenant: TenantId;
}): Promise<OperatorLink> {
  const connection = await connectMqtt(options);
  const listeners = new Set<(topic: string, payload: Uint8Array) => void>();
  connection.onMessage((topic, payload) => {
    for (const listener of [...listeners]) listener(topic, payload);
  });
  const topics = (device: DeviceId) => topicsOf(options.tenant, device);
  /** What `read` makes of the first message on a topic that it takes; undefined after `timeoutMs`. */
  async function awaitOn<T>(
    wanted: string,
    read: (payload: Uint8Array) => T | undefined,
    timeoutMs: number,
  ): Promise<T | undefined> {
    const { promise, resolve } = Promise.withResolvers<T | undefined>();
    const listener = (topic: string, payload: Uint8Array) => {
      const found = topic === wanted ? read(payload) : undefined;
      if (found !== undefined) resolve(found);
    };
    listeners.add(listener);
    await connection.subscribe(wanted);
    const cancel = nodeClock.after(timeoutMs, () => resolve(undefined));
    return promise.finally(() => {
      cancel();
      listeners.delete(listener);
    });
  }

  return {
    async watch(device, onMessage) {
      const prefix = topics(device).allUp.slice(0, -1);
      listeners.add((topic, payload) => {
        if (topic.startsWith(prefix)) onMessage(topic, payload);
      });
      await connection.subscribe(topics(device).allUp);
    },
    hint: (device) => connection.publish(topics(device).hint, utf8("{}")),
    sendCommand: (device, verb, bytes) => connection.publish(topics(device).command(verb), bytes),
    awaitResult(device, id, timeoutMs) {
      const read = (payload: Uint8Array) => {
        const parsed = parseJson(resultShape, payload, "the result", RESULT_BYTES_MAX);
        return parsed.ok ? parsed.value : undefined;
      };
      return awaitOn(topics(device).result(id), read, timeoutMs);
    },
    awaitAttestation: (device, isMeant, timeoutMs) =>
      awaitOn(topics(device).attestation, (payload) => (isMeant(payload) ? payload : undefined), timeoutMs),
    close: () => connection.close(),
  };
}
