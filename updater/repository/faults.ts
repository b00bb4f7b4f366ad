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
  REPO_DELTAS: {
    kind: "refusal",
    says: "deltas from {count} earlier releases were asked for, at most {max} are listed",
    means: "Boards read a short list of deltas for each target.",
    todo: "Ask for fewer: boards that are further behind fetch the whole file.",
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
  REPO_UPLOAD: {
    kind: "network",
    says: "cannot upload to {url}: {reason}",
    means: "The server or store did not take a file. Readers still see the state of before.",
    todo: "Check address, credentials and that the store takes PUT; then run the same command again: what is there stays.",
  },
  REPO_YANKED: {
    kind: "refusal",
    says: "{team}/{name} {version} was taken back: {reason}",
    means: "Its publisher has yanked this release; boards would refuse to begin with it.",
    todo: "Assign another release, or have the publisher put it back with `sallyport repo yank --undo`.",
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
    todo: "Spread what the team offers over hash bins: `sallyport repo bins --team TEAM --bits 8`.",
  },
  REPO_UNFINISHED: {
    kind: "refusal",
    says: "the ceremony of {directory} is not finished: {reason}",
    means: "The first root needs the signatures of the owners before anything can be published or provisioned.",
    todo: "Export it for the owners who have not signed (`sallyport repo export`), then merge what they send back.",
  },
  REPO_CEREMONY: {
    kind: "refusal",
    says: "the ceremony cannot be held as planned: {reason}",
    means: "The plan would make a repository that cannot be kept, or that one person alone could command.",
    todo: "Correct the plan; nothing was written.",
  },
  REPO_LOCKED: {
    kind: "environment",
    says: "{directory} is in use by process {pid} on {host}",
    means:
      "Another process is writing to this repository; two at once would publish states that contradict each other.",
    todo: "Wait for it. If no such process exists any more (another machine, a restored copy), remove the file `lock`.",
  },
  REPO_UNSIGNED: {
    kind: "refusal",
    says: "the change of {lead} is prepared and not published: {missing}",
    means: "The keys on this machine do not reach the threshold; the prepared change waits in the repository.",
    todo: "`sallyport repo export --role {lead} FILE`, have it signed with `sallyport repo sign`, then `repo merge FILE`.",
  },
  REPO_PENDING: {
    kind: "refusal",
    says: "{role} already has a change of {lead} that waits for signatures",
    means: "Two changes of one role at the same time cannot both become its next version.",
    todo: "Finish the waiting change, or give it up with `sallyport repo drop --role {lead}`.",
  },
  REPO_NO_CHANGE: {
    kind: "refusal",
    says: "no change of {lead} waits for signatures",
    means: "There is nothing to export, merge or drop under this name.",
    todo: "`sallyport repo status` lists what waits.",
  },
  REPO_ROTATION: {
    kind: "refusal",
    says: "{role} cannot be changed so: {reason}",
    means: "The change would leave the role without the keys it needs, or with keys that it must not have.",
    todo: "`sallyport repo status` shows who may sign what now; correct the keys or the threshold.",
  },
  REPO_WOULD_BREAK: {
    kind: "refusal",
    says: "a client would refuse this: {reason}",
    means: "What was to be published was verified as a client does, from the first root on, and did not pass.",
    todo: "Nothing was published. Look at the named cause; it is a mistake to force this.",
  },
  REPO_SIGNING_FILE: {
    kind: "attack",
    says: "{file} is not what it says: {reason}",
    means:
      "A file for signing carries its own evidence: the roots, what is in force, what is proposed. It does not hold.",
    todo: "Do not sign. Ask the sender for a new export, over another way.",
  },
  REPO_NOT_SUCCESSOR: {
    kind: "attack",
    says: "{role} version {version} does not follow what was signed or seen here before: {reason}",
    means: "Signing would let two histories of the repository exist, or bring an older one back.",
    todo: "Ask who sent it. If the earlier change was given up before it was published, sign with --replace.",
  },
  REPO_KEY_UNUSED: {
    kind: "refusal",
    says: "key {key} has nothing to sign in {file}",
    means: "Neither the roles in force nor the proposed ones name this key.",
    todo: "Check the key and the file; `sallyport repo key show` prints a key's id.",
  },
  REPO_BAD_SIGNATURE: {
    kind: "attack",
    says: "{file}: the signature of key {key} on {role} does not verify, or the key may not sign it",
    means: "The file was altered on its way, belongs to another proposal, or was signed by a stranger.",
    todo: "Export again and have it signed again.",
  },
  REPO_KEY_KIND: {
    kind: "refusal",
    says: "{what} is a {type} key; Ed25519, P-256 and RSA of 2048 to 8192 bits are accepted",
    means: "Metadata is signed with one of these kinds, which every TUF client verifies.",
    todo: "Make a key with `sallyport repo key new`.",
  },
  REPO_KEY_EXISTS: {
    kind: "refusal",
    says: "{file} exists; a key is never overwritten",
    means: "Overwriting would lose a private key that metadata may name.",
    todo: "Choose another file name.",
  },
  REPO_SIGNER: {
    kind: "environment",
    says: "the signer {program} did not sign: {reason}",
    means:
      "A signer program failed, was too slow, said too much, or gave a signature that its public key does not verify.",
    todo: "Run the program by hand with the same input; check token, PIN and the public key in its description.",
  },
  REPO_NO_ONLINE_KEY: {
    kind: "refusal",
    says: "{repository} {role} needs {threshold} signatures, the keys here give {have}",
    means: "Snapshot, timestamp and directed metadata are signed by online keys, which this machine does not have.",
    todo: "Run the verb where the online key is, or make this one known with `sallyport repo key add FILE`.",
  },
  REPO_MANIFEST_DEVICE: {
    kind: "attack",
    says: "a version manifest of {found} came as {device}'s",
    means: "A board's signed manifest was presented as another board's.",
    todo: "Check who may write on the topic. The manifest was not counted.",
  },
  REPO_MANIFEST_REPLAYED: {
    kind: "refusal",
    says: "{device}: version manifest {counter} was seen before, or does not answer what was asked; the last was {seen}",
    means:
      "A manifest that was taken already came again: delivered twice, or replayed to hide what the board says now.",
    todo: "Nothing, once. If newer ones stop coming, somebody between board and fleet withholds them.",
  },
  REPO_BOARD_RESTORED: {
    kind: "attack",
    says: "{device} counts manifest {counter} and commit {commit}; {seen} and {seenCommit} were seen before",
    means:
      "The board works with an older copy of its state: a restored backup, a cloned board, or a replayed manifest.",
    todo: "Ask for a manifest with a nonce. If the board still counts lower, its state was put back: find out by whom.",
  },
  REPO_SERVE: {
    kind: "environment",
    says: "cannot serve on {host}:{port}: {reason}",
    means: "The HTTP server could not start.",
    todo: "Choose another port or address.",
  },
});
