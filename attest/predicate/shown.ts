/** How much of a stranger's text goes into a verdict's facts: verdicts are stored and sent, predicates may be megabytes. */

const CHARS_MAX = 80;

export const clipped = (text: string) => (text.length > CHARS_MAX ? `${text.slice(0, CHARS_MAX)}…` : text);

/** The first of a list, each shortened. */
export const some = (all: readonly string[], max = 20): readonly string[] => all.slice(0, max).map(clipped);

/** The same as one text, which says when there are more. */
export const listed = (all: readonly string[], max = 5) =>
  `${some(all, max).join(", ")}${all.length > max ? ", …" : ""}`;
