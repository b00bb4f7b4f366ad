// The module itself, shared by its releases: reads the room and this machine, switches the fan, tells both over channels.
// State lives in key-value pairs, so that it goes on across restarts and updates.
import * as sp from "../../sdk/assembly/sallyport";

const WARM: f64 = 26;
const COOL: f64 = 24;

let fan: i32 = -1;
let room: i32 = -1;
let cpu: i32 = -1;
let load1: i32 = -1;
let pressure: i32 = -1;
let uptime: i32 = -1;
let on: i32 = 0;

export function open(): i32 {
  room = sp.sensorOpen("room-temp");
  if (room < 0) return room;
  fan = sp.gpioOpen("fan", sp.OUT);
  cpu = sp.sensorOpen("cpu-temp");
  load1 = sp.sensorOpen("load-1m");
  pressure = sp.sensorOpen("memory-pressure");
  uptime = sp.sensorOpen("uptime");
  return 0;
}

/** The ticks so far, kept across restarts and releases. */
export function tick(): f64 {
  const n = sp.kvNumber("ticks", 0) + 1;
  sp.kvSetNumber("ticks", n);
  return n;
}

/** Reads the room; NaN when it cannot be read now. */
export function readRoom(): f64 {
  return sp.sensorRead(room) < 0 ? NaN : sp.value();
}

export function roomIsSimulated(): bool {
  return (sp.quality() & sp.SIMULATED) != 0;
}

/** Switches the fan with a gap between on and off. Returns the level, or the error that the call gave. */
export function switchFan(celsius: f64): i32 {
  if (celsius > WARM) on = 1;
  else if (celsius < COOL) on = 0;
  if (fan < 0) fan = sp.gpioOpen("fan", sp.OUT);
  if (fan < 0) return fan;
  const result = sp.gpioSet(fan, on);
  return result < 0 ? result : on;
}

function optional(handle: i32, name: string, decimals: i32): void {
  if (handle >= 0 && sp.sensorRead(handle) >= 0) sp.field(name, sp.value(), decimals);
}

/** This machine's own readings, all real, on a channel of their own. */
export function publishSystem(): void {
  sp.begin();
  optional(load1, "load", 2);
  optional(pressure, "memoryPressure", 2);
  optional(uptime, "uptime", 0);
  optional(cpu, "cpu", 1);
  sp.publish("system", sp.QOS1);
}
