// Makes the checkout runnable under whatever Node (20 or newer) and npm are there, and says nothing when nothing is to do.
// It has no dependencies of its own: it runs before anything is installed. The `node` package among our dependencies puts
// the pinned Node 26 into node_modules/.bin, which every npm script finds first on its PATH.
import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(fileURLToPath(import.meta.url));
const lock = join(root, "package-lock.json");
const marker = join(root, "node_modules", ".package-lock.json");
const pinned = join(root, "node_modules", "node", "bin", "node");

const [major = 0] = process.versions.node.split(".").map(Number);
if (major < 20) {
  console.error(`sallyport: Node ${process.versions.node} is too old to set up with; install Node 20 or newer.`);
  process.exit(1);
}

// Another checkout's modules behind a link: `npm ci` would empty them under the other's feet.
const shared = lstatSync(join(root, "node_modules"), { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
const fresh =
  shared || (existsSync(marker) && existsSync(pinned) && statSync(marker).mtimeMs >= statSync(lock).mtimeMs);
if (!fresh) {
  console.error("sallyport: installing the pinned dependencies (Node 26 among them) into node_modules ...");
  const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ["npm"];
  const [command, ...first] = npm;
  const done = spawnSync(command, [...first, "ci", "--no-audit", "--no-fund"], { cwd: root, stdio: ["ignore", 2, 2] });
  if (done.status !== 0) {
    console.error(
      "sallyport: `npm ci` failed (see above). Check the network or the registry setting, then run the command again.",
    );
    process.exit(done.status ?? 1);
  }
}
