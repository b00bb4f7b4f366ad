/** The door of what looks at running programs: debugger, trace, profile, coverage. */
export type { Probe, Value } from "../interpret/index.ts";
export { readNames } from "../tool/names.ts";
export { Coverage, type FileCoverage, type FunctionCoverage, lcov, missedLines } from "./coverage.ts";
export { Debugger, type DebuggerOptions } from "./debugger.ts";
export { flameGraph } from "./flame.ts";
export { anyInstruction, anyLine, instructionBeyond, lineBeyond, nextLine, onwards, returned } from "./goals.ts";
export { type Guest, type GuestOptions, type Hosts, openGuest, type Program, programOf } from "./guest.ts";
export type { GuestMemory, HostFunction } from "./host-log.ts";
export { type Frame, Inspector, LOCALS_MAX, valueText } from "./inspect.ts";
export { Instructions } from "./instructions.ts";
export { LineMap } from "./line-map.ts";
export { type Location, locate } from "./locate.ts";
export { type FunctionShare, Profile } from "./profile.ts";
export { GuestRun, type Outcome } from "./run.ts";
export { type FrameAccess, type SourceInfo, type SourcePlace, type SourceVariable, sourceInfoOf } from "./source.ts";
export type { Goal, Here, Stop } from "./stop.ts";
export { type Breakpoint, StopPoints, WATCH_BYTES_MAX, type Watch, type Written } from "./stop-points.ts";
export { tracer } from "./trace.ts";
