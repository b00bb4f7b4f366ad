/**
 * Package URLs (package-url/purl-spec): which package is meant, and whether two mean the same. Read as leniently as
 * generators write them; compared without regard to ASCII case, and by version only where the owner gives one. Qualifiers
 * (architecture, file, repository) and subpaths do not tell packages apart here.
 */

export interface PackageName {
  /** `type/namespace/name`, decoded and in lower case; of PyPI with dashes in the place of `_` and `.`. */
  readonly key: string;
  readonly version?: string;
}

const TYPE = /^[a-z][a-z0-9.+-]*$/;

/** Undefined for what is no package URL with at least a type and a name. */
export function parsePurl(text: string): PackageName | undefined {
  if (!/^pkg:/i.test(text)) return undefined;
  const [bare = ""] = text.slice("pkg:".length).split(/[?#]/, 1);
  const path = bare.replace(/^\/+/, "");
  // A scope such as @acme stands before the last slash; some generators do not encode it.
  const at = path.indexOf("@", path.lastIndexOf("/") + 1);
  const raw = (at < 0 ? path : path.slice(0, at)).split("/");
  if (raw.some((one) => one.indexOf("@") > 0)) return undefined;
  const parts = raw.map(decoded);
  const version = at < 0 ? undefined : decoded(path.slice(at + 1));
  if (at >= 0 && (version === undefined || version === "")) return undefined;
  if (parts.length < 2 || parts.some((one) => one === undefined || one === "")) return undefined;
  const written = parts.join("/").toLowerCase();
  // PyPI takes all of these for one name; generators write it as they find it or in the form with dashes (PEP 503).
  const key = written.startsWith("pypi/") ? written.replace(/[-_.]+/g, "-") : written;
  return TYPE.test(parts[0]?.toLowerCase() ?? "") ? { key, ...(version === undefined ? {} : { version }) } : undefined;
}

/** A URI such as a scanner's: packages by name, and by version where `wanted` has one; all else letter by letter. */
export function isSameUri(found: string, wanted: string): boolean {
  const [one, other] = [parsePurl(found), parsePurl(wanted)];
  if (one === undefined || other === undefined) return found === wanted;
  return one.key === other.key && (other.version === undefined || one.version === other.version);
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
