/** Whether two places of this machine's files have to do with each other, whatever links lead to them. */
import { realpathSync } from "node:fs";
import { basename, dirname, join, resolve, sep } from "node:path";

export function lieInOneAnother(one: string, other: string): boolean {
  const [a, b] = [real(resolve(one)) + sep, real(resolve(other)) + sep];
  return a.startsWith(b) || b.startsWith(a);
}

/** What is not there yet is where its directory says. */
function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const above = dirname(path);
    return above === path ? path : join(real(above), basename(path));
  }
}
