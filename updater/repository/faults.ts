/** What the repository side refuses to publish: mistakes of a publisher or operator, caught before they are signed. */
import { declareFaults } from "../../runtime/kernel/fault.ts";

export const { catalogue, fault } = declareFaults("REPO", {
  REPO_EXISTS: {
    kind: "refusal",
    says: "there already is a repository in {directory}",
    means: "Creating again would make new keys that no provisioned board trusts.",
    todo: "Use the existing repository or choose an empty directory.",
  },
  REPO_UNREADABLE: {
    kind: "disk",
    says: "the repository in {directory} cannot be used: {reason}",
    means: "repository.json or current metadata is missing or damaged.",
    todo: "Check the directory; restore it from a backup that is not older than what boards have already seen.",
  },
  REPO_UNKNOWN_TEAM: {
    kind: "refusal",
    says: "team {team} has no delegation in this repository",
    means: "Only teams to which the owner delegated a prefix can publish modules.",
    todo: "Check the manifest's team. Known teams: {teams}.",
  },
  REPO_MANIFEST_MISMATCH: {
    kind: "refusal",
    says: "the manifest's {field} is {said}, the module gives {actual}",
    means: "The manifest pins the code by path, size and SHA-256, and this is other code.",
    todo: "Build the manifest from the very file that is published.",
  },
  REPO_VERSION_EXISTS: {
    kind: "refusal",
    says: "{team}/{name} {version} is already released with other content",
    means: "A released version never changes: boards and proofs refer to it.",
    todo: "Raise the version and publish again.",
  },
  REPO_FLOOR: {
    kind: "refusal",
    says: "release floor {floor} is above this release's counter {counter}",
    means: "Boards would refuse the very release that raises the floor.",
    todo: "Use a floor of at most {counter}.",
  },
  REPO_NOT_RELEASED: {
    kind: "refusal",
    says: "{team}/{name} {version} is not released in the image repository",
    means: "The director can only assign what publishers have released; boards refuse anything else.",
    todo: "Publish the release first, or correct the version.",
  },
  REPO_PATH: {
    kind: "refusal",
    says: "{path} is not a path of the owner's",
    means: "The owner's role offers `policy/*` and `trust/*` only.",
    todo: "Rename the target.",
  },
  REPO_TOO_LARGE: {
    kind: "refusal",
    says: "{what} has {size} bytes, at most {max} are accepted by boards",
    means: "Boards bound what they download; this would never arrive.",
    todo: "Make it smaller.",
  },
  REPO_FULL: {
    kind: "refusal",
    says: "{role} would list {count} targets, boards read at most {max}",
    means: "Boards bound the entries of one metadata file.",
    todo: "Remove old releases from the role, or delegate to another team.",
  },
  REPO_SERVE: {
    kind: "environment",
    says: "cannot serve on {host}:{port}: {reason}",
    means: "The HTTP server could not start.",
    todo: "Choose another port or address.",
  },
});
