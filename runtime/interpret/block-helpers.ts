/** What generated blocks call: the scalar operations that are functions in the loop, too. */
import {
  divideSigned,
  divideUnsigned,
  float32OfSigned,
  float32OfUnsigned,
  high,
  nearest,
  popcnt32,
  remainderSigned,
  remainderUnsigned,
} from "./numeric.ts";

export const numericHelpers = {
  divideSigned,
  divideUnsigned,
  float32OfSigned,
  float32OfUnsigned,
  high,
  nearest,
  popcnt32,
  remainderSigned,
  remainderUnsigned,
};
