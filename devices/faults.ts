/** The refusals of this room: board descriptions, drivers and who holds which line. */
import { declareFaults } from "../runtime/kernel/fault.ts";

export const { catalogue, fault } = declareFaults("DEVICE", {
  DEVICE_BOARD_REFUSED: {
    kind: "refusal",
    says: "the board description is refused: {reason}",
    means:
      "board.json names the lines, sensors and directories of this board. It does not have the form its schema asks for.",
    todo: "Correct the field that is named, or provision the board again. Nothing was opened or driven.",
  },
  DEVICE_DRIVER_UNKNOWN: {
    kind: "refusal",
    says: "{name} asks for the driver {driver}; this release has {known}",
    means: "The board description names a driver that this release of the agent does not contain.",
    todo: "Correct the driver's name, or install an agent release that has it.",
  },
  DEVICE_WORLD_UNUSABLE: {
    kind: "environment",
    says: "the simulated world in {directory} cannot be used: {reason}",
    means: "The directory in which another process plays the physical world could not be made, read or written.",
    todo: "Check that the directory may be created and written by the agent's user.",
  },
  DEVICE_SENSOR_ABSENT: {
    kind: "environment",
    says: "the sensor {name} ({wanted}) is not on this machine",
    means: "The board description names hardware that the kernel does not show. A module that opens it gets SP_ENOENT.",
    todo: "Check the cable and the kernel driver (ls /sys/class/hwmon), or take it out of the board description.",
  },
  DEVICE_READING_REFUSED: {
    kind: "environment",
    says: "{path} does not hold a believable number: {found}",
    means: "A sensor's file was empty, not decimal, too long or outside the range the unit allows.",
    todo: "Look at the file and at the kernel's log; the sensor or its driver is broken.",
  },
  DEVICE_DIRECTORY_REFUSED: {
    kind: "refusal",
    says: "the directory {name} is refused: {path} and the agent's own {agent} lie one in the other",
    means: "A module that may write there would have the agent's keys and state. The board description leads there.",
    todo: "Give dataDirectory of board.json a place of its own, outside the board's directory and not around it.",
  },
  DEVICE_LINE_IN_USE: {
    kind: "refusal",
    says: "{module} cannot have the output line {line}: {holder} holds it",
    means: "An output line belongs to one module at a time, so that two modules never drive against each other.",
    todo: "Assign grants so that only one module of this board has the line as output.",
  },
});
