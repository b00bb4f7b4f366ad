/**
 * Who a server may be when the owner names it: exact entries of its certificate's subject alternative names, e.g.
 * `URI:spiffe://home/updates` or `DNS:updates.internal`. The names then stand in place of the host's name; a chain to
 * the owner's CA is asked for as always. Comparison is exact: a pattern is a door.
 */

/**
 * The entries of Node's text form of the extension. Values with special characters are JSON strings in it, so that one
 * value cannot look like two; a text of any other form has no entries.
 */
export function alternativeNames(text: string): readonly string[] {
  const names: string[] = [];
  const entry = /([A-Za-z0-9 ]+):(?:("(?:[^"\\]|\\.)*")|([^",]*))(?:, |$)/y;
  while (entry.lastIndex < text.length) {
    const found = entry.exec(text);
    if (found === null) return [];
    const [, kind = "", quoted, plain = ""] = found;
    names.push(`${kind}:${quoted === undefined ? plain : unquoted(quoted)}`);
  }
  return names;
}

/** What is wrong with a server that shows these names, or undefined. A SPIFFE id counts only as the one URI there is. */
export function refuseServer(text: string | undefined, wanted: readonly string[]): string | undefined {
  const names = alternativeNames(text ?? "");
  const uris = names.filter((one) => one.startsWith("URI:"));
  const good = names.some((one) => wanted.includes(one) && (!one.startsWith("URI:spiffe://") || uris.length === 1));
  return good ? undefined : `it is ${names.join(", ") || "nameless"}, wanted is ${wanted.join(" or ")}`;
}

function unquoted(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return text;
  }
}
