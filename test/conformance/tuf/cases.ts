/** Every case of the suite, by what it is about. */
import { basic } from "./cases/basic.ts";
import type { Case } from "./context.ts";

export const CASES: Readonly<Record<string, readonly Case[]>> = { basic };
