/**
 * A wire in front of a server that counts: every byte in both directions, heads included, and which requests got which
 * status. It changes nothing.
 */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface Relay {
  readonly port: number;
  /** What passed since the last call. */
  take(): Passed;
  close(): void;
}

export interface Passed {
  readonly sent: number;
  readonly received: number;
  readonly connections: number;
  /** `GET /path 200`, in order. */
  readonly exchanges: readonly string[];
}

export async function startRelay(port: number): Promise<Relay> {
  let passed = { sent: 0, received: 0, connections: 0 };
  let requests: string[] = [];
  let answers: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    passed.connections += 1;
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.on("data", (chunk: Buffer) => {
      passed.sent += chunk.byteLength;
      const [, method, path] = /^([A-Z]+) (\S+) HTTP/.exec(chunk.toString("latin1")) ?? [];
      if (method !== undefined) requests.push(`${method} ${path}`);
      far.write(chunk);
    });
    far.on("data", (chunk: Buffer) => {
      passed.received += chunk.byteLength;
      const [, status] = /^HTTP\/1\.1 (\d+)/.exec(chunk.toString("latin1")) ?? [];
      if (status !== undefined) answers.push(status);
      near.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    take() {
      const exchanges = requests.map((request, index) => `${request} ${answers[index] ?? "without an answer"}`);
      const all = { ...passed, exchanges };
      passed = { sent: 0, received: 0, connections: 0 };
      requests = [];
      answers = [];
      return all;
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
