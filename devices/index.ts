/** The devices' door: the board, the broker of capabilities, the table of host functions. */
export { hostModule } from "./abi.ts";
export { type BoardDescription, parseBoard } from "./board.ts";
export { type AdmitOptions, type Broker, createBroker, type Holder } from "./broker.ts";
export type { ModuleServices } from "./calls/context.ts";
export { catalogue } from "./faults.ts";
export type { AuditEvent, GrantsReport } from "./ledger.ts";
export { type DiscoveredSensor, discoverSensors } from "./linux/discover.ts";
export { type Board, type BoardFacts, openBoard } from "./open-board.ts";
export { QUALITY, UNITS } from "./sensors/port.ts";
