// The guest ABI v1 for AssemblyScript: the raw imports and small helpers over them. See ../sallyport.h for what each does.

@external("sallyport_v1", "log") declare function raw_log(level: i32, ptr: usize, len: i32): i32;
@external("sallyport_v1", "gpio_open") declare function raw_gpio_open(ptr: usize, len: i32, direction: i32): i32;
@external("sallyport_v1", "gpio_set") declare function raw_gpio_set(handle: i32, level: i32): i32;
@external("sallyport_v1", "sensor_open") declare function raw_sensor_open(ptr: usize, len: i32): i32;
@external("sallyport_v1", "sensor_read") declare function raw_sensor_read(handle: i32, out: usize): i32;
@external("sallyport_v1", "mqtt_publish")
declare function raw_mqtt_publish(c: usize, cn: i32, p: usize, pn: i32, flags: i32): i32;
@external("sallyport_v1", "kv_get") declare function raw_kv_get(k: usize, kn: i32, p: usize, cap: i32): i32;
@external("sallyport_v1", "kv_set") declare function raw_kv_set(k: usize, kn: i32, p: usize, n: i32): i32;

export const EV_BOOT: i32 = 1;
export const EV_TICK: i32 = 2;
export const EV_REVOKED: i32 = 6;
export const EV_STOP: i32 = 7;
export const OUT: i32 = 1;
export const QOS1: i32 = 1;
export const SIMULATED: u32 = 2;

// One buffer for what goes in and one for what comes out: with `--runtime stub` nothing is ever freed, so nothing is
// allocated per event. Text is ASCII.
const IN = memory.data(1024);
const OUT_BUFFER = memory.data(1024);
const KEY = memory.data(64);

function put(at: usize, text: string): i32 {
  const n = text.length;
  for (let i = 0; i < n; i++) store<u8>(at + i, text.charCodeAt(i) as u8);
  return n;
}

export function log(level: i32, text: string): void {
  raw_log(level, IN, put(IN, text));
}

export function gpioOpen(line: string, direction: i32): i32 {
  return raw_gpio_open(KEY, put(KEY, line), direction);
}

export function gpioSet(handle: i32, level: i32): i32 {
  return raw_gpio_set(handle, level);
}

export function sensorOpen(name: string): i32 {
  return raw_sensor_open(KEY, put(KEY, name));
}

/** Reads into the module's one reading buffer; look at it with `value`, `quality`. */
const READING = memory.data(24, 8);
export function sensorRead(handle: i32): i32 {
  return raw_sensor_read(handle, READING);
}
export function value(): f64 {
  return load<f64>(READING);
}
export function quality(): u32 {
  return load<u32>(READING + 16);
}

/** Numbers are kept as 8 bytes; `missing` is given when there is none. */
export function kvNumber(key: string, missing: f64): f64 {
  return raw_kv_get(KEY, put(KEY, key), OUT_BUFFER, 8) == 8 ? load<f64>(OUT_BUFFER) : missing;
}
export function kvSetNumber(key: string, number: f64): i32 {
  store<f64>(OUT_BUFFER, number);
  return raw_kv_set(KEY, put(KEY, key), OUT_BUFFER, 8);
}

// A JSON object is written field by field into the out-going buffer.
let end: usize = 0;

export function begin(): void {
  end = IN + put(IN, "{");
}

function name(key: string): void {
  if (end > IN + 1) end += put(end, ",");
  end += put(end, '"');
  end += put(end, key);
  end += put(end, '":');
}

function digits(number: i64): void {
  if (number >= 10) digits(number / 10);
  store<u8>(end++, 48 + ((number % 10) as u8));
}

export function field(key: string, number: f64, decimals: i32): void {
  name(key);
  let scale: f64 = 1;
  for (let i = 0; i < decimals; i++) scale *= 10;
  let scaled = Math.round(number * scale) as i64;
  if (scaled < 0) {
    end += put(end, "-");
    scaled = -scaled;
  }
  const whole = scale as i64;
  digits(scaled / whole);
  if (decimals == 0) return;
  end += put(end, ".");
  let rest = scaled % whole;
  for (let unit = whole / 10; unit > 0; unit /= 10) {
    store<u8>(end++, 48 + ((rest / unit) as u8));
    rest %= unit;
  }
}

export function text(key: string, content: string): void {
  name(key);
  end += put(end, '"');
  end += put(end, content);
  end += put(end, '"');
}

/** Closes the object and publishes it. */
export function publish(channel: string, flags: i32): i32 {
  end += put(end, "}");
  return raw_mqtt_publish(KEY, put(KEY, channel), IN, (end - IN) as i32, flags);
}
