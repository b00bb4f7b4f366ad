/**
 * What the updater refuses, by name of the attack where there is one. A lost network, a stale repository, an attack and
 * a broken disk never share a code: whoever reads the code knows whether to wait, to re-sign or to investigate.
 */
import { declareFaults } from "../runtime/kernel/fault.ts";

export const { catalogue, fault } = declareFaults("UPDATE", {
  UPDATE_NETWORK: {
    kind: "network",
    says: "cannot fetch {url}: {reason}",
    means: "The repository could not be reached, or the connection broke before the file was complete.",
    todo: "Check network, DNS and the repository's address. What was trusted before keeps running; the next poll retries.",
  },
  UPDATE_HTTP_STATUS: {
    kind: "network",
    says: "{url} answered with HTTP status {status}",
    means: "The server is there but does not serve this file. Redirects are not followed.",
    todo: "Check the base URL of the repository and that publication or the upload to the mirror is complete.",
  },
  UPDATE_SLOW: {
    kind: "network",
    says: "{url} was too slow: {received} bytes in {ms} ms ({limit})",
    means: "The server trickles or stalls. That may be a bad line, or somebody who keeps the board from updating.",
    todo: "Try another network or mirror. If the line is honest but slow, raise the updater's time limits.",
  },
  UPDATE_TLS: {
    kind: "network",
    says: "no trusted connection to {url}: {reason}",
    means: "The server's certificate is not one this board accepts, or the server does not accept the board's.",
    todo: "Check the certificates' dates, names and issuers on both sides, and the board's clock. A portal may be in between.",
  },
  UPDATE_PROXY: {
    kind: "network",
    says: "the proxy {proxy} does not lead to {url}: {reason}",
    means: "The HTTP proxy could not be reached, wants other credentials, or does not allow this address.",
    todo: "Check the proxy's address and credentials in the board's transport settings or the agent's environment.",
  },
  UPDATE_ENCODED: {
    kind: "refusal",
    says: "{url} answered with encoding {encoding}, which was not asked for",
    means:
      "Encoded bodies are not decoded: what is signed is small or already compressed, and a decoder can be bombed.",
    todo: "Switch off compression for this repository on the server, the CDN or the proxy.",
  },
  UPDATE_NOT_NOW: {
    kind: "refusal",
    says: "{path} waits for the download window, which opens at {opens}",
    means: "Large downloads are allowed at certain local times only. Metadata is looked at all the time.",
    todo: "Nothing: it is fetched then. To have it now, change the download window of the board's transport settings.",
  },
  UPDATE_ENDLESS_DATA: {
    kind: "attack",
    says: "{url} sent more than the {max} bytes that are allowed; the connection was cut",
    means: "The server goes on sending beyond the declared or permitted length (endless data attack).",
    todo: "Find out who serves this address. An honest repository never does this.",
  },
  UPDATE_TOO_LARGE: {
    kind: "refusal",
    says: "{what} has {size} bytes, at most {max} are accepted",
    means: "A file is announced or declared larger than this board accepts; it was not downloaded.",
    todo: "Publish something smaller, or raise the board's limit if its memory and storage allow.",
  },
  UPDATE_STALE: {
    kind: "stale",
    says: "{repository} {role} expired at {expires}",
    means:
      "The newest signed metadata offered is past its expiry: a freeze attack, a forgotten renewal, or a wrong clock.",
    todo: "Run `sallyport repo refresh` for timestamp and snapshot, `sallyport repo renew ROLE` for others. Check the clock.",
  },
  UPDATE_ROLLBACK: {
    kind: "attack",
    says: "{repository} offers {role} version {offered}, but version {trusted} was trusted before",
    means: "Signed but older metadata was put in place of newer metadata (rollback attack), or a backup was restored.",
    todo: "Restore the newest files of the repository. If nobody restored a backup, treat the server as compromised.",
  },
  UPDATE_FAST_FORWARD: {
    kind: "attack",
    says: "{repository} offers {role} version {offered}, far beyond version {trusted} that was trusted before",
    means: "Whoever holds an online key jumps ahead, so that no honest file is ever newer again (fast-forward attack).",
    todo: "Suspect the role's key. Rotating the timestamp or snapshot key in root makes boards forget its versions.",
  },
  UPDATE_MIX_AND_MATCH: {
    kind: "attack",
    says: "{repository} {role} is not the file that was named: {what}",
    means:
      "Files of different states of the repository were combined (mix-and-match attack), or an upload is half done.",
    todo: "Publish again so that all files are in place. If it stays, somebody between you and the board alters files.",
  },
  UPDATE_SIGNATURE: {
    kind: "attack",
    says: "{repository} {role} is not signed by enough of its keys",
    means: "Too few valid signatures of the keys that may sign this role (arbitrary software attack), or a wrong key.",
    todo: "Sign with the keys that root or the delegation names, at their threshold. If nobody erred, it is a forgery.",
  },
  UPDATE_METADATA_MISSING: {
    kind: "network",
    says: "the {repository} repository does not have {name}",
    means:
      "Metadata that has to be there is not served (HTTP 404 or 403): nothing was published, or a file is withheld.",
    todo: "Check the base URL. For a new device, the director has to assign something, if only nothing, once.",
  },
  UPDATE_METADATA_INVALID: {
    kind: "refusal",
    says: "{repository} {role} is not acceptable metadata: {reason}",
    means: "A metadata file does not have the form that TUF and this board's bounds ask for.",
    todo: "Publish again with a conforming tool. Captive portals and error pages served as files look like this too.",
  },
  UPDATE_DELEGATION: {
    kind: "refusal",
    says: "{repository} {role} delegates to {delegate}: {reason}",
    means:
      "A delegation is not one this board follows: a name that shadows another, director delegations, or too many.",
    todo: "Remove or rename the delegation. Names are letters, digits, `-` and `_`; directors do not delegate.",
  },
  UPDATE_WRONG_DEVICE: {
    kind: "attack",
    says: "director {role} was made for {found}, this is {device}",
    means: "Validly signed metadata of another device was served here, which could freeze or steer this board.",
    todo: "Check the director's base URL of this board and the mirror in between.",
  },
  UPDATE_REPOSITORIES_DISAGREE: {
    kind: "attack",
    says: "image repository and director disagree about {path}: {differs}",
    means: "The director names other bytes or facts than the publisher released. One of them errs or is compromised.",
    todo: "Assign the release again. If it comes back, suspect the director's key and look at who used it.",
  },
  UPDATE_NOT_RELEASED: {
    kind: "attack",
    says: "the director names {path}, which the image repository does not release",
    means: "The director alone cannot introduce code; the publisher's role does not have this path.",
    todo: "Publish the release first. If nobody erred, suspect the director's key.",
  },
  UPDATE_YANKED: {
    kind: "refusal",
    says: "{path} was taken back by its publisher: {reason}",
    means: "The release is still listed because boards may run it, but none shall begin with it. What runs goes on.",
    todo: "Assign another release of the module.",
  },
  UPDATE_NOT_ASSIGNED: {
    kind: "refusal",
    says: "the director does not assign {path} to this device",
    means: "The image repository may have it, but this device was not told to run it.",
    todo: "Assign the module to the device.",
  },
  UPDATE_PARTIAL_BUNDLE: {
    kind: "attack",
    says: "{repository} lists only a part of release {release}: {missing} is missing",
    means: "Manifest, module and evidence of a release come together or not at all (partial bundle attack).",
    todo: "Assign or publish the release again. If nobody erred, suspect the key of the repository named.",
  },
  UPDATE_WRONG_HARDWARE: {
    kind: "refusal",
    says: "{path} is for {hardware}, this board is {board}",
    means: "The release does not run on this board profile and guest ABI, whoever assigned it.",
    todo: "Assign a release built for this board, or publish it with --hardware naming the profile.",
  },
  UPDATE_TARGET_MISSING: {
    kind: "refusal",
    says: "{repository} has no target {path}",
    means: "The path is not offered by the role that may offer it.",
    todo: "Publish it with that role: `policy/*` and `trust/*` with the owner's keys, modules with their team's.",
  },
  UPDATE_PATH_REFUSED: {
    kind: "refusal",
    says: "{path} is not a path that {asked}",
    means: "The map from paths to repositories is fixed; this path was asked for in the wrong way.",
    todo: "Ask for `policy/*` and `trust/*` from the owner, for `modules/*` and `agent/*` from both repositories.",
  },
  UPDATE_TARGET_HASH: {
    kind: "attack",
    says: "{path} has SHA-256 {actual}, signed is {expected}",
    means: "The downloaded bytes are not the ones that were signed. Nothing of them was kept.",
    todo: "Upload the target again. If the repository's disk is right, the server or the way to it alters files.",
  },
  UPDATE_TARGET_LENGTH: {
    kind: "attack",
    says: "{path} has {actual} bytes, signed are {expected}",
    means: "The download is shorter or longer than what was signed. Nothing of it was kept.",
    todo: "Upload the target again; check the mirror.",
  },
  UPDATE_ARCHIVE: {
    kind: "refusal",
    says: "the archive is not one of a repository, at byte {offset}: {reason}",
    means: "The single file that should hold a repository is damaged, cut short, or something else.",
    todo: "Copy it again, or make it anew with `sallyport repo clone`.",
  },
  UPDATE_DELTA: {
    kind: "refusal",
    says: "the delta from {from} is of no use: {reason}",
    means: "A delta did not lead to the target that was signed. The whole file is fetched instead.",
    todo: "Nothing on the board. If it happens on many, publish the release's deltas again.",
  },
  UPDATE_STORE_FULL: {
    kind: "disk",
    says: "the store of downloads may hold {max} bytes; {pinned} of them are in use and {wanted} more are wanted",
    means: "What this board runs, or may have to go back to, already fills the space it grants to downloads.",
    todo: "Raise the store's quota, or assign fewer or smaller modules.",
  },
  UPDATE_VAULT_TORN: {
    kind: "disk",
    says: "the vault {path} is not usable: {reason}; {base} is in force instead",
    means: "The board's memory of trusted metadata was damaged. Older memory serves; the record of floors still holds.",
    todo: "Check the storage medium. The next refresh rebuilds the vault; nothing below the floors is accepted.",
  },
  UPDATE_FLOORS_LOST: {
    kind: "disk",
    says: "both copies of the record of floors in {directory} are not usable: {reason}; the vault {vault}",
    means: "The versions below which this board accepts nothing are known from the vault only, or not any more.",
    todo: "Check the storage medium. If the vault is damaged as well, rollback protection restarts from the kept roots.",
  },
  UPDATE_RESTORED: {
    kind: "attack",
    says: "the updater's state is commit {found}, but {record} has seen commit {seen}",
    means: "An older copy of the board's memory of trust was put in place: a restored backup, or a rollback attack.",
    todo: "Nothing, if a backup was restored: the next refresh brings the board up to date. Otherwise find out who did it.",
  },
  UPDATE_COUNTER: {
    kind: "disk",
    says: "the commit counter {path} is not usable: {reason}",
    means: "The counter that tells a restored backup was damaged. It starts again from what the vault says.",
    todo: "Check the medium it lies on.",
  },
  UPDATE_LOCKED: {
    kind: "environment",
    says: "{directory} is in use by process {pid}",
    means:
      "Two updaters on one state directory, or two appraisals with one memory of a board, would overwrite each other's work. The second one does not start.",
    todo: "Stop process {pid}, or give the second one a directory (or a --state file) of its own. Locks of dead processes are cleared by themselves.",
  },
  UPDATE_DISK: {
    kind: "disk",
    says: "the disk refuses {path}: {errno}: {reason}",
    means: "The updater could not write or read its own files: full (ENOSPC), read-only (EROFS) or failing (EIO).",
    todo: "Free space or check the medium. What was trusted before is still in place; the next poll tries again.",
  },
  UPDATE_NEIGHBOUR: {
    kind: "environment",
    says: "cannot serve neighbours at {host} port {port}: {reason}",
    means: "The address at which this board was to be a cache for others cannot be had. It is tried again each minute.",
    todo: "Check `neighbours.listen` in device.json: an address of this board, and a port that nobody else has.",
  },
  UPDATE_NEVER_REFRESHED: {
    kind: "refusal",
    says: "there is no trusted metadata yet",
    means: "A target can only be fetched after a refresh said what is trusted.",
    todo: "Refresh first.",
  },
  UPDATE_CLOSED: {
    kind: "environment",
    says: "the updater was closed while it worked",
    means: "The agent is stopping; what was under way was given up, and nothing of it was kept.",
    todo: "Nothing: the next start of the agent looks again.",
  },
});
