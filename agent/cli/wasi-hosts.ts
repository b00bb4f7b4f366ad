/**
 * WASI for programs in the interpreter. The guest's memory is touched through `GuestMemory` only, so that a debugger can
 * write down what was answered and repeat it.
 */
import type { GuestMemory, HostFunction, Hosts, Value } from "../../runtime/debug/index.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { createWasi, isWasiName, WASI_MODULE, type Wasi, type WasiOptions } from "../../runtime/wasi/index.ts";

const NOWHERE: GuestMemory = { size: 0, read: () => undefined, write: () => false };

/** WASI_PREOPEN. The directories are open until the process ends. `onMade` is for whoever wants the statistics. */
export function wasiHosts(options: WasiOptions, onMade?: (wasi: Wasi) => void): Hosts {
  const wasi = unwrap(createWasi(options));
  onMade?.(wasi);
  let memory = NOWHERE;
  wasi.bindPort({
    get size() {
      return memory.size;
    },
    read: (address, length) => memory.read(address, length),
    write: (address, bytes) => memory.write(address, bytes),
  });
  return (module, name) => {
    if (module !== WASI_MODULE || !isWasiName(name)) return undefined;
    const call = hostFunction(wasi.functions[name], name !== "proc_exit");
    return (values, now) => {
      memory = now;
      return call(values, now);
    };
  };
}

function hostFunction(call: Wasi["functions"]["fd_read"], answers: boolean): HostFunction {
  return (values) => {
    const errno = call(...values.map(asNumber));
    return answers ? [{ type: "i32", value: errno }] : [];
  };
}

const asNumber = (value: Value): number | bigint => (value.type === "i32" || value.type === "i64" ? value.value : 0);
