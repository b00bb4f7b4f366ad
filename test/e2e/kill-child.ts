/**
 * A board's updater as a process of its own, to be killed at any moment: looks again and again, fetches what is
 * assigned, and says on a line what it believes to be durable.
 */
import { releasePaths } from "../../runtime/kernel/authority/manifest.ts";
import { deviceId } from "../../runtime/kernel/brand.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { object, parseShape, string } from "../../runtime/kernel/shape.ts";
import { openUpdater } from "../../updater/index.ts";

const text = string({ max: 100_000 });
const address = object({ metadataUrl: text, targetsUrl: text, root: text });
const shape = object({
  directory: text,
  counterFile: text,
  now: text,
  device: deviceId,
  image: address,
  director: address,
});

const { now, image, director, ...rest } = unwrap(parseShape(shape, JSON.parse(process.argv[2] ?? ""), "the argument"));
const bytes = (root: string) => new Uint8Array(Buffer.from(root, "base64"));
const updater = openUpdater({
  ...rest,
  image: { ...image, root: bytes(image.root) },
  director: { ...director, root: bytes(director.root) },
  hardware: { profile: "sim", abi: "core-v1" },
  now: () => Number(now),
});
for (;;) {
  const view = unwrap(await updater.refresh());
  for (const path of Object.values(releasePaths("acme", "thermostat", "1.0.0"))) {
    unwrap(await updater.fetchTarget(unwrap(view.agreed(path))));
  }
  process.stdout.write(
    `${JSON.stringify({ commits: updater.commits(), notices: updater.notices.map((one) => one.code) })}\n`,
  );
}
