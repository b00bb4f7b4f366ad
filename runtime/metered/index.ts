/** The instrumenter's door. */
export { type CarryPlan, planCarry } from "./carry.ts";
export { instrument, type Metered } from "./instrument.ts";
export { CARRY_EXPORTS, EPOCH, METER_EXPORTS, type MeterOptions, WHY, whyOf } from "./options.ts";
export { originalPlaces } from "./places.ts";
export { type Sizes, sizesOf } from "./sizes.ts";
