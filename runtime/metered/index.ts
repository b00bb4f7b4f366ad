/** The instrumenter's door. */
export { instrument, type Metered } from "./instrument.ts";
export { EPOCH, METER_EXPORTS, type MeterOptions, WHY } from "./options.ts";
