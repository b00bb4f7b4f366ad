/** Pure: the value of a simulated sensor as a function of the time since the board was opened. */
import {
  array,
  boolean,
  type Infer,
  integer,
  number,
  object,
  oneOf,
  optional,
  variants,
} from "../../runtime/kernel/shape.ts";

export const sensorValue = number({ min: -1e12, max: 1e12 });
const duration = integer({ min: 1, max: 86_400_000 });

export const waveShape = variants("kind", {
  constant: object({ kind: oneOf("constant"), value: sensorValue }),
  sine: object({ kind: oneOf("sine"), mean: sensorValue, amplitude: sensorValue, periodMs: duration }),
  /** From one value to the other, then it stays there, or begins again. */
  ramp: object({
    kind: oneOf("ramp"),
    from: sensorValue,
    to: sensorValue,
    durationMs: duration,
    repeat: optional(boolean),
  }),
  /** One value after the other, the last one for ever, or all again. */
  sequence: object({
    kind: oneOf("sequence"),
    values: array(sensorValue, { min: 1, max: 1000 }),
    stepMs: duration,
    repeat: optional(boolean),
  }),
});
export type Wave = Infer<typeof waveShape>;

export function waveAt(wave: Wave, elapsedMs: number): number {
  switch (wave.kind) {
    case "constant":
      return wave.value;
    case "sine":
      return wave.mean + wave.amplitude * Math.sin((2 * Math.PI * elapsedMs) / wave.periodMs);
    case "ramp": {
      const part = elapsedMs / wave.durationMs;
      return wave.from + (wave.to - wave.from) * (wave.repeat === true ? part % 1 : Math.min(part, 1));
    }
    case "sequence": {
      const step = Math.floor(elapsedMs / wave.stepMs);
      const { values } = wave;
      const index = wave.repeat === true ? step % values.length : Math.min(step, values.length - 1);
      return values[index] ?? 0;
    }
  }
}
