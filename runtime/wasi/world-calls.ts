/** What surrounds a program: arguments, environment, clocks, chance, and its end; and sockets, as far as preview 1 goes. */
import { utf8 } from "../kernel/bytes.ts";
import type { Calls, Context } from "./context.ts";
import type { Entry, SocketEntry } from "./descriptors.ts";
import { receive, send } from "./file-calls.ts";
import { WasiExit } from "./options.ts";
import { CLOCK, FDFLAG, RIGHT, SOCKET_RIGHTS, WasiError } from "./preview1.ts";

type WorldCalls = Pick<
  Calls,
  | "args_get"
  | "args_sizes_get"
  | "environ_get"
  | "environ_sizes_get"
  | "clock_res_get"
  | "clock_time_get"
  | "random_get"
  | "sched_yield"
  | "proc_exit"
  | "proc_raise"
>;

const RANDOM_CHUNK = 65_536;

export function worldCalls(ctx: Context): WorldCalls {
  const { memory, options, descriptors } = ctx;
  const args = texts(ctx, options.args ?? []);
  const env = texts(ctx, options.env ?? []);
  const began = options.clocks?.monotonic() ?? 0n;
  const clock = (id: number) => {
    if (id > CLOCK.thread) throw new WasiError("inval");
    if (options.clocks === undefined) throw new WasiError("notsup");
    descriptors.ask("clock", "clock", 1);
    return { clocks: options.clocks, resolution: options.clocks.resolution ?? 1n };
  };
  return {
    args_sizes_get: args.sizes,
    args_get: args.get,
    environ_sizes_get: env.sizes,
    environ_get: env.get,
    clock_res_get: (id, at) => memory.putU64(at, clock(id).resolution),
    clock_time_get(id, _precision, at) {
      const { clocks, resolution } = clock(id);
      memory.expect(at, 8);
      let time = id === CLOCK.realtime ? clocks.realtime() : clocks.monotonic();
      // The processor's time is what has passed since the program began: more is not told.
      if (id >= CLOCK.process) time -= began;
      memory.putU64(at, time - (time % resolution));
    },
    random_get(at, length) {
      const { random } = options;
      if (random === undefined) throw new WasiError("notsup");
      if (length > ctx.quotas.randomCallBytes) throw new WasiError("inval");
      descriptors.ask("random", "random", length);
      memory.expect(at, length);
      for (let done = 0; done < length; done += RANDOM_CHUNK) {
        const part = { address: at + done, length: Math.min(RANDOM_CHUNK, length - done) };
        memory.fill(part, (into) => {
          random(into);
          return into.length;
        });
      }
    },
    sched_yield: () => undefined,
    proc_exit(status) {
      options.exit?.(status);
      throw new WasiExit(status);
    },
    proc_raise() {
      throw new WasiError("notsup");
    },
  };
}

/** Texts with a NUL behind each, and where each of them lies. */
function texts({ memory }: Context, list: readonly string[]) {
  const encoded = list.map((one) => utf8(`${one.replaceAll("\0", "")}\0`));
  const total = encoded.reduce((sum, one) => sum + one.length, 0);
  return {
    sizes(count: number, size: number) {
      memory.expect(size, 4);
      memory.putU32(count, encoded.length);
      memory.putU32(size, total);
    },
    get(pointers: number, buffer: number) {
      memory.expect(pointers, 4 * encoded.length);
      memory.expect(buffer, total);
      let at = buffer;
      for (const [n, one] of encoded.entries()) {
        memory.putU32(pointers + 4 * n, at);
        memory.put(at, one);
        at += one.length;
      }
    },
  };
}

type SocketCalls = Pick<Calls, "sock_accept" | "sock_recv" | "sock_send" | "sock_shutdown">;

const PEEK = 1;
const WAIT_ALL = 2;
const HOW = { 1: "read", 2: "write", 3: "both" } as const;

export function socketCalls(ctx: Context): SocketCalls {
  const { memory, descriptors } = ctx;
  return {
    sock_accept(fd, flags, out) {
      const entry = socket(descriptors.get(fd));
      descriptors.check(fd, entry, RIGHT.sock_accept, 1);
      if ((flags & ~FDFLAG.nonblock) !== 0 || entry.socket.accept === undefined) throw new WasiError("inval");
      memory.expect(out, 4);
      descriptors.expectRoom();
      const accepted = entry.socket.accept();
      if (accepted === undefined) throw new WasiError("again");
      memory.putU32(out, descriptors.add(socketEntry(accepted, entry.grant, flags)));
    },
    sock_recv(fd, list, count, flags, got, outFlags) {
      const entry = socket(descriptors.get(fd));
      descriptors.check(fd, entry, RIGHT.fd_read, 1);
      if ((flags & ~(PEEK | WAIT_ALL)) !== 0) throw new WasiError("inval");
      const stretches = memory.stretches(list, count);
      memory.expect(got, 4);
      memory.expect(outFlags, 4);
      const total = receive(ctx, entry, stretches, (flags & PEEK) !== 0);
      ctx.readBytes += total;
      memory.putU32(got, total);
      memory.put(outFlags, new Uint8Array(2));
    },
    sock_send(fd, list, count, flags, sent) {
      const entry = socket(descriptors.get(fd));
      if (flags !== 0) throw new WasiError("inval");
      const stretches = memory.stretches(list, count);
      descriptors.check(
        fd,
        entry,
        RIGHT.fd_write,
        stretches.reduce((sum, one) => sum + one.length, 0),
      );
      memory.expect(sent, 4);
      memory.putU32(sent, send(ctx, entry, stretches));
    },
    sock_shutdown(fd, how) {
      const entry = socket(descriptors.get(fd));
      descriptors.check(fd, entry, RIGHT.sock_shutdown, 1);
      if (how !== 1 && how !== 2 && how !== 3) throw new WasiError("inval");
      entry.socket.shutdown?.(HOW[how]);
    },
  };
}

function socket(entry: Entry): SocketEntry {
  if (entry.kind !== "socket") throw new WasiError("notsock");
  return entry;
}

export const socketEntry = (one: SocketEntry["socket"], grant: string, flags: number): SocketEntry => ({
  kind: "socket",
  socket: one,
  grant,
  rights: SOCKET_RIGHTS,
  inheriting: SOCKET_RIGHTS,
  flags,
});
