/** The agent's own refusals: provisioning, admission, supervision and the command line. */
import { declareFaults } from "../runtime/kernel/fault.ts";

const provision = declareFaults("PROVISION", {
  PROVISION_EXISTS: {
    kind: "refusal",
    says: "{directory} already holds the board {device}",
    means: "Provisioning never overwrites a device key: the old identity would be lost.",
    todo: "Choose another directory, or move the old one away if the board is really to be made anew.",
  },
  PROVISION_CERTIFICATE: {
    kind: "refusal",
    says: "the certificate files of this board are not usable: {reason}",
    means: "The board's certificate, its key or the owner's authorities do not fit together, or are not PEM.",
    todo: "Put the files that device.json names in place again. They are read anew as soon as they change.",
  },
  PROVISION_OWN_FILES: {
    kind: "environment",
    says: "the agent's own files in {directory} cannot be hashed: {reason}",
    means: "The agent attests which program it is by a digest over its files. Without it nothing is attested.",
    todo: "Install the agent's files as they were released, readable for the agent's user.",
  },
  PROVISION_AUTHORITY: {
    kind: "refusal",
    says: "no certificate can be issued with {path}: {reason}",
    means: "The file does not hold a device authority whose key was given, or one that may not issue or has ended.",
    todo: "Give certificate and key that `sallyport device-ca init` made, or those of another authority of this fleet.",
  },
  PROVISION_INCOMPLETE: {
    kind: "refusal",
    says: "{directory} is not a provisioned board: {reason}",
    means:
      "The agent starts only from a directory that `sallyport provision` made: key, pinned roots, board description.",
    todo: "Run `sallyport provision --help`, then point --dir at the directory it made.",
  },
});

const admit = declareFaults("ADMIT", {
  ADMIT_NOT_GRANTED: {
    kind: "refusal",
    says: "{module} {version} asks for {missing}, which is not granted ({by})",
    means: "The manifest wants a capability that the director's grant or the owner's ceiling does not cover.",
    todo: "Grant it with `sallyport repo assign` (within the owner's ceiling), or publish a release that asks for less.",
  },
  ADMIT_IDENTITY: {
    kind: "attack",
    says: "the manifest at {path} calls itself {found}, assigned was {expected}",
    means:
      "Name, team or version inside the manifest differ from where it was published or what the director assigned.",
    todo: "Publish the release again with `sallyport repo publish`, which checks this.",
  },
  ADMIT_ENTRY: {
    kind: "attack",
    says: "the manifest of {module} names code {expected}, the release holds {found}",
    means: "Manifest and module of one release do not belong together.",
    todo: "Publish the release again from one build.",
  },
  ADMIT_FLOOR: {
    kind: "attack",
    says: "{module} {version} has release counter {counter}, below the floor {floor}",
    means: "The publisher raised the release floor (a security release); nothing older runs here again.",
    todo: "Assign a release at or above the floor.",
  },
  ADMIT_POLICY_ROLLBACK: {
    kind: "attack",
    says: "the policy has version {found}, this board has seen {seen}",
    means: "An older policy, or another one under the same version, was offered. The newest seen stays in force.",
    todo: "Sign the policy again with a higher version, if the change is intended.",
  },
  ADMIT_NO_DESIRED: {
    kind: "refusal",
    says: "the director has no desired state for {device}",
    means: "The director's metadata for this board lists no desired.json.",
    todo: "Run `sallyport repo assign --device {device} …`.",
  },
  ADMIT_DESIRED_DEVICE: {
    kind: "attack",
    says: "the desired state is for {found}, this board is {device}",
    means: "A desired state of another board was offered under this board's name.",
    todo: "Assign again. If nobody made a mistake, the director is compromised.",
  },
  ADMIT_KEPT_STOPPED: {
    kind: "refusal",
    says: "{module} {version} stays stopped: {code}: {reason}",
    means: "The owner's policy or a release floor spoke against this release. It is not started, also after a reboot.",
    todo: "Assign a release that satisfies the policy. When the policy accepts this one again, the next round starts it.",
  },
  ADMIT_ROLLED_BACK: {
    kind: "refusal",
    says: "{module} {version} was rolled back before: {reason}",
    means: "This exact release failed its probation on this board and is not tried again by itself.",
    todo: "Assign another release. `sallyport restart` after a fix outside the module allows one more try.",
  },
});

const supervise = declareFaults("MODULE", {
  MODULE_TRAPPED: {
    kind: "refusal",
    says: "{module} {version} trapped: {trap} ({message})",
    means: "The module did something its own code cannot continue from (unreachable, out of bounds, stack overflow …).",
    todo: "Read the module's log and fix it. In probation the previous release is back already.",
  },
  MODULE_DEADLINE: {
    kind: "refusal",
    says: "{module} {version} was stopped: one call took longer than {callMs} ms",
    means: "A call did not return within the manifest's callMs. The worker was ended; nothing else was held up.",
    todo: "Make calls shorter, or publish a manifest with a longer callMs.",
  },
  MODULE_MEMORY: {
    kind: "refusal",
    says: "{module} {version} trapped with its memory at the maximum of {pages} pages ({trap})",
    means: "The module used all the linear memory its manifest allows and then failed.",
    todo: "Find the leak, or raise limits.memoryPages in the manifest.",
  },
  MODULE_FUEL: {
    kind: "refusal",
    says: "{module} {version} was stopped: one call needed more than {units} units of fuel (out-of-fuel)",
    means: "A call executed more than the manifest, or the owner's policy, allows one call. Both tiers stop it alike.",
    todo: "Make calls shorter, or raise engine.fuelPerCall in manifest and policy.",
  },
  MODULE_WORKER: {
    kind: "environment",
    says: "the worker of {module} {version} ended: {message}",
    means: "The thread that ran the module is gone for a reason outside the module's own code.",
    todo: "Look at the agent's log. If it repeats, the board is short of memory.",
  },
  MODULE_EXIT: {
    kind: "refusal",
    says: "{module} {version} ended with status {status}",
    means: "The module is a WASI command, and its program says with this status that it failed; 0 is a good end.",
    todo: "Read the module's log: what the program wrote is there. It is started again as its limits.restarts allow.",
  },
  MODULE_REFUSED_START: {
    kind: "refusal",
    says: "{module} {version} refused to start: sp_init returned {result}",
    means: "The module's own start-up check failed, often because a device it needs is absent.",
    todo: "Look at the module's log; check the board description and the grants.",
  },
  MODULE_GAVE_UP: {
    kind: "refusal",
    says: "{module} {version} ended {count} times within {windowS} s and stays stopped; last: {reason}",
    means: "The module used up the restarts its manifest allows.",
    todo: "Assign another release, or `sallyport restart` it by hand.",
  },
  MODULE_PROBATION_INTERRUPTED: {
    kind: "environment",
    says: "{module} {version} did not come through probation in {attempts} tries: the agent ended each time",
    means: "The board or the agent went down again and again while this release was being watched.",
    todo: "Check power and the agent's log, then assign again.",
  },
  MODULE_MEMORY_LIMIT: {
    kind: "refusal",
    says: "{module} {version} has grown its memory to the maximum of {pages} pages",
    means: "Further growth is refused by the engine. The module goes on as long as it can live with that.",
    todo: "Find the leak, or raise limits.memoryPages in the manifest.",
  },
  MODULE_LOG_FLOOD: {
    kind: "refusal",
    says: "{module} {version} logs faster than {perMin} lines a minute; {dropped} lines were dropped",
    means: "Log lines over the manifest's limit are counted and dropped inside the module's worker.",
    todo: "Log less, or raise limits.logLinesPerMin in the manifest.",
  },
});

const cli = declareFaults("CLI", {
  CLI_USAGE: {
    kind: "refusal",
    says: "{reason}",
    means: "The command line was not understood.",
    todo: "Run the verb with --help; it shows each option and an example.",
  },
  CLI_TIMEOUT: {
    kind: "network",
    says: "no answer from {device} within {seconds} s",
    means: "The command was published, but the board did not answer in time. It is offline or cannot reach the broker.",
    todo: "Check `sallyport watch`. A command stays valid until it expires; the board may still take it.",
  },
  CLI_TIME_LIMIT: {
    kind: "refusal",
    says: "the program was stopped after {ms} ms",
    means: "It had not ended by itself within the time that --timeout gives it.",
    todo: "Give it more time, or look with `sallyport profile` where it spends it.",
  },
  CLI_UNKNOWN_CODE: {
    kind: "refusal",
    says: "there is no code {code}",
    means: "`explain` knows the codes of this release only.",
    todo: "Run `sallyport explain` without a code for the whole list.",
  },
  CLI_REMOTE: {
    kind: "refusal",
    says: "{device} refused the command: {reason}",
    means: "The board judged the command and did not carry it out. Its answer carries the code.",
    todo: "Look the code up with `sallyport explain CODE`.",
  },
  CLI_NO_ASSEMBLER: {
    kind: "environment",
    says: "{path} is WebAssembly text, and the assembler for it is not here: {reason}",
    means: "Text is read by an assembler that is installed on demand into a development checkout, never on a board.",
    todo: "Give the module in binary form, or run the verb in a checkout that can install packages.",
  },
  CLI_TEXT_MODULE: {
    kind: "refusal",
    says: "{path}{where}: not WebAssembly text: {reason}",
    means: "The assembler does not take the text.",
    todo: "Correct the text at the place named.",
  },
});

export const catalogues = [provision.catalogue, admit.catalogue, supervise.catalogue, cli.catalogue];
export const provisionFault = provision.fault;
export const admitFault = admit.fault;
export const moduleFault = supervise.fault;
export const cliFault = cli.fault;
