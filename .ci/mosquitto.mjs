// The demo against a broker that is not ours and speaks MQTT 5: Debian's Mosquitto on loopback. Installs it when it is
// missing and we may; where neither holds it says so and fails, because in CI nothing that could run is skipped.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const MOSQUITTO = "/usr/sbin/mosquitto";
const apt = (...args) =>
  spawnSync("apt-get", args, { stdio: ["ignore", 2, 2], env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } })
    .status === 0;
if (!existsSync(MOSQUITTO)) {
  const installed =
    apt("install", "-y", "--no-install-recommends", "mosquitto") ||
    (apt("update") && apt("install", "-y", "--no-install-recommends", "mosquitto"));
  if (!installed) {
    console.error("mosquitto is not installed and could not be: install Debian's package mosquitto, or run as root.");
    process.exit(1);
  }
}

const probe = createServer().listen(0, "127.0.0.1");
await once(probe, "listening");
const { port } = probe.address();
probe.close();

const folder = mkdtempSync(join(tmpdir(), "mosquitto-"));
const config = join(folder, "mosquitto.conf");
writeFileSync(config, `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\n`);
const broker = spawn(MOSQUITTO, ["-c", config], { stdio: ["ignore", "ignore", "pipe"] });
const failed = once(broker, "exit").then(() => false);
const ready = new Promise((resolve) =>
  broker.stderr.on("data", (text) => String(text).includes("running") && resolve(true)),
);
if (!(await Promise.race([ready, failed]))) {
  console.error("mosquitto ended while starting");
  process.exit(1);
}
const demo = spawn("npm", ["run", "--silent", "demo", "--", "--broker", `mqtt://127.0.0.1:${port}`], {
  stdio: "inherit",
});
const [code] = await once(demo, "exit");
broker.kill();
rmSync(folder, { recursive: true, force: true });
process.exitCode = code ?? 1;
