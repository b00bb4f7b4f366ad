/** A module file beside the running one, in the running one's own form: `.ts` in a checkout, `.js` in a release. */
export function beside(running: string, name: string): URL {
  const extension = /\.[jt]s$/.exec(running)?.[0] ?? ".js";
  return new URL(`./${name}${extension}`, running);
}
