/**
 * Loaded before the client by a crash case: ends the process at the N-th step that touches the disk, as `kill -9` or a
 * power cut would, writes half done included. SALLYPORT_KILL_AT says which step.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const at = Number(process.env["SALLYPORT_KILL_AT"]);
const { writeSync, fsyncSync, renameSync, linkSync } = fs;
let step = 0;

/** Whether this is the step; what is to be half done is done by the caller first. */
function isTheStep(): boolean {
  step += 1;
  return step === at;
}

function die(): never {
  process.kill(process.pid, "SIGKILL");
  for (;;);
}

fs.writeSync = ((fd: number, bytes: Uint8Array, offset?: number) => {
  const from = offset ?? 0;
  if (isTheStep()) {
    writeSync(fd, bytes, from, Math.floor((bytes.byteLength - from) / 2));
    die();
  }
  return writeSync(fd, bytes, from);
}) as typeof fs.writeSync;

fs.fsyncSync = (fd) => {
  if (isTheStep()) die();
  fsyncSync(fd);
};

fs.renameSync = (from, to) => {
  if (isTheStep()) die();
  renameSync(from, to);
  if (isTheStep()) die();
};

fs.linkSync = (from, to) => {
  linkSync(from, to);
  if (isTheStep()) die();
};

syncBuiltinESMExports();
