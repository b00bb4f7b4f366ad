/** What can be wrong with a command. */
import { declareFaults } from "../../runtime/kernel/fault.ts";

const command = declareFaults("COMMAND", {
  COMMAND_MALFORMED: {
    kind: "refusal",
    says: "a command on {topic} is not a command: {reason}",
    means: "The message is not a DSSE envelope with a command of a known form, or too large.",
    todo: "Send commands with `sallyport revoke`, `restart` or `refresh`.",
  },
  COMMAND_UNSIGNED: {
    kind: "attack",
    says: "a command on {topic} is not signed by an operator key that the owner's policy names",
    means:
      "MQTT is transport, never authority: without a valid signature of a named operator a message commands nothing.",
    todo: "Sign with an operator key, or have the owner add the key to the policy. If nobody did it, the broker is not alone.",
  },
  COMMAND_FORBIDDEN: {
    kind: "refusal",
    says: "operator {operator} may not {verb} on {device}",
    means: "The owner's policy names this operator key, but not for this verb or this device.",
    todo: "Use a key that may, or have the owner change the policy.",
  },
  COMMAND_WRONG_DEVICE: {
    kind: "attack",
    says: "a command for {found} arrived at {device}",
    means: "A command that was signed for another board, tenant or verb was delivered here.",
    todo: "Check the broker's access rules. The command was ignored.",
  },
  COMMAND_EXPIRED: {
    kind: "stale",
    says: "command {id} was valid until {notAfter}, it is {now}",
    means: "The command arrived after its expiry, or its times make no sense.",
    todo: "Send it again; check the clocks of board and operator.",
  },
  COMMAND_CLOCK_SUSPECT: {
    kind: "stale",
    says: "command {id} ({verb}) is not taken while the board's clock is in doubt",
    means:
      "The clock is further ahead of the last signed time than the owner's policy believes. Only revoke, refresh and attest count.",
    todo: "Set the board's clock right. If it is right, publish a release: its signed time moves the board's floor on.",
  },
  COMMAND_BUSY: {
    kind: "refusal",
    says: "this attestation was not begun: {waiting} are being made, or the agent stops",
    means: "Operators ask faster than the board can sign, or they ask while the agent ends.",
    todo: "Wait for the answers that are under way, then ask again.",
  },
  COMMAND_FAILED: {
    kind: "environment",
    says: "the command was taken and not carried out: {reason}",
    means: "Something around the agent broke while it did what was asked, such as its disk.",
    todo: "Look at the agent's log, then send a new command.",
  },
  COMMAND_REPLAYED: {
    kind: "attack",
    says: "command {id} has sequence number {seq}, {last} was already taken from this key",
    means: "An older or repeated command was delivered. Each key's numbers only rise on each board.",
    todo: "Send a new command. If nobody sent the old one again, the broker did.",
  },
});

export const { catalogue, fault: commandFault } = command;
