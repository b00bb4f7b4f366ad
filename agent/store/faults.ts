/** What can be wrong with the agent's own database. It is never silently made anew: revocations live in it. */
import { declareFaults } from "../../runtime/kernel/fault.ts";

export const { catalogue, fault } = declareFaults("STATE", {
  STATE_CORRUPT: {
    kind: "disk",
    says: "the agent's database {path} is damaged: {reason}",
    means: "SQLite cannot read the database, or its integrity check fails. Revocations and sequence numbers are in it.",
    todo: "Restore the file from a backup, or provision the board again. Deleting it would forget revocations.",
  },
  STATE_NEWER: {
    kind: "refusal",
    says: "the agent's database {path} has schema {found}, this agent knows {known}",
    means: "A newer agent has written this database. Older code must not guess at what it means.",
    todo: "Start the newer agent again.",
  },
  STATE_OPEN: {
    kind: "disk",
    says: "cannot open the agent's database {path}: {reason}",
    means: "The file or its directory cannot be opened for writing, or another process holds it.",
    todo: "Check the path, its permissions, and that no second agent runs on this directory.",
  },
});
