/** Every case of the suite, by what it is about. */
import { basic } from "./cases/basic.ts";
import { bins } from "./cases/bins.ts";
import { boards } from "./cases/boards.ts";
import { compromise } from "./cases/compromise.ts";
import { crash } from "./cases/crash.ts";
import { download } from "./cases/download.ts";
import { expiration } from "./cases/expiration.ts";
import { graphs } from "./cases/graphs.ts";
import { keys } from "./cases/keys.ts";
import { quoting } from "./cases/quoting.ts";
import { rollback } from "./cases/rollback.ts";
import { rotations } from "./cases/rotations.ts";
import { statics } from "./cases/static.ts";
import { transport } from "./cases/transport.ts";
import type { Case } from "./context.ts";

/** The longest first: several run at a time. */
export const CASES: Readonly<Record<string, readonly Case[]>> = {
  crash,
  boards,
  basic,
  expiration,
  download,
  keys,
  quoting,
  rollback,
  rotations,
  graphs,
  bins,
  "static repositories": statics,
  transport,
  compromise,
};
