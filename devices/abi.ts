/**
 * The guest ABI `sallyport_v1` as one table: what link checks, worker stubs and the broker all read. In line with
 * examples/sdk/sallyport.h.
 */
import type { HostFunction, HostModule, LocalAnswer, Param } from "../runtime/index.ts";
import { READING_BYTES } from "./sensors/port.ts";

const NAME_MAX = 64;
const KEY_MAX = 128;
const BYTES_MAX = 65_536;

const i32 = (name: string): Param => ({ as: "i32", name });
const input = (name: string, max: number): Param => ({ as: "bytes-in", name, max });
const output = (name: string, max: number): Param => ({ as: "bytes-out", name, max });

function local(
  name: string,
  answer: LocalAnswer,
  params: readonly Param[],
  result: "i32" | "i64" = "i32",
): HostFunction {
  return { name, params, result, answered: { by: "worker", with: answer } };
}
function broker(name: string, ...params: readonly Param[]): HostFunction {
  return { name, params, result: "i32", answered: { by: "broker" } };
}

export const hostModule: HostModule = {
  name: "sallyport_v1",
  functions: [
    local("abi_version", "abi-version", []),
    local("log", "log", [i32("level"), input("line", 1_048_576)]),
    local("clock_now", "clock-now", [i32("clock")], "i64"),
    local("random_get", "random-get", [output("bytes", BYTES_MAX)]),
    local("identity_get", "identity-get", [i32("what"), output("text", BYTES_MAX)]),
    local("event_read", "event-read", [i32("part"), output("bytes", BYTES_MAX)]),
    broker("cap_query", input("capability", 100)),
    broker("gpio_open", input("line", NAME_MAX), i32("direction")),
    broker("gpio_get", i32("handle")),
    broker("gpio_set", i32("handle"), i32("level")),
    broker("gpio_watch", i32("handle"), i32("edges"), i32("debounce_us")),
    broker("sensor_open", input("name", NAME_MAX)),
    broker("sensor_read", i32("handle"), { as: "struct-out", name: "reading", size: READING_BYTES }),
    broker("sensor_watch", i32("handle"), i32("period_ms")),
    broker("mqtt_publish", input("channel", NAME_MAX), input("payload", BYTES_MAX), i32("flags")),
    broker("mqtt_subscribe", input("channel", NAME_MAX), i32("qos")),
    broker("kv_get", input("key", KEY_MAX), output("value", BYTES_MAX)),
    broker("kv_set", input("key", KEY_MAX), input("value", BYTES_MAX)),
    broker("kv_delete", input("key", KEY_MAX)),
    broker("handle_close", i32("handle")),
  ],
};
