/**
 * How much of TUF a client takes. `sallyport` is what a board runs and the default everywhere: names and sizes that our
 * own repositories keep to, so that what is stranger than that is refused early. `genericTuf` takes any repository that
 * the specification allows, within bounds of its own; the interoperability suites run under it.
 * Neither changes what a signature, a version or an expiry means.
 */
import { isDelegableName, isTopLevelRole } from "../layout.ts";

export interface Profile {
  /** Whether a delegated role, or a prefix of succinct roles (TAP 15), may have this name. */
  isRoleName(name: string): boolean;
  /** Most entries of one list or object in a metadata file. */
  readonly entriesMax: number;
}

export const sallyport: Profile = {
  isRoleName: isDelegableName,
  // Measured: the library copies its maps for each entry, so 2000 targets take 0.25 s, 8000 take 6 s, before any
  // signature is looked at. A catalogue that needs more is split into delegated roles.
  entriesMax: 2000,
};

const GENERIC_NAME_MAX = 128;

export const genericTuf: Profile = {
  /**
   * Roles are kept in plain objects by the library: a name that is an index changes their order, one that every object
   * has is not free. What is no well-formed text cannot be part of a URL. Everything else is a name.
   */
  isRoleName: (name) =>
    name.length > 0 &&
    name.length <= GENERIC_NAME_MAX &&
    name.isWellFormed() &&
    !isTopLevelRole(name) &&
    !(name in Object.prototype) &&
    !/^\d+$/.test(name),
  entriesMax: 4000,
};

/** A role's name in URLs and file names: one path component, whatever the name contains. */
export function roleFileName(role: string): string {
  return encodeURIComponent(role);
}
