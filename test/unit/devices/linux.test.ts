/** Sensors of a real machine: this one's /proc, and trees laid out as the kernel lays out sysfs. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { discoverSensors, UNITS } from "../../../devices/index.ts";
import { BOARD, boardOf, openRig } from "./rig.ts";

function tree(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), "sallyport-tree-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const CORE = {
  "class/hwmon/hwmon2/name": "coretemp\n",
  "class/hwmon/hwmon2/temp1_input": "48000\n",
  "class/hwmon/hwmon2/temp1_label": "Package id 0\n",
  "class/hwmon/hwmon2/temp2_input": "45500.000000000\n",
  "class/hwmon/hwmon2/temp2_label": "Core 0\n",
  "class/hwmon/hwmon10/name": "lm75\n",
  "class/hwmon/hwmon10/temp1_input": "-5250\n",
  "class/hwmon/hwmon10/fan1_input": "1200\n",
  "class/thermal/thermal_zone0/type": "cpu-thermal\n",
  "class/thermal/thermal_zone0/temp": "51234\n",
  "class/thermal/cooling_device0/type": "Fan\n",
};

function sensorOf(sensor: Readonly<Record<string, unknown>>, roots: { sysRoot?: string; procRoot?: string }) {
  const { board } = openRig({ ...BOARD, sensors: [{ name: "it", ...sensor }] }, roots);
  const found = board.sensors.get("it");
  if (found === undefined) throw new Error("the description named it");
  return found;
}

describe("a temperature of hwmon", () => {
  it("is found by chip and label wherever the kernel numbered it, and read in degrees", async () => {
    const sysRoot = tree(CORE);
    const core = sensorOf({ driver: "hwmon", match: { chip: "coretemp", label: "Package id 0" } }, { sysRoot });
    expect(await core.read()).toMatchObject({ value: 48, quality: 0, unit: UNITS.celsius });
    const below = sensorOf({ driver: "hwmon", match: { chip: "lm75" } }, { sysRoot });
    expect(await below.read()).toMatchObject({ value: -5.25 });
  });

  it("is read as a decimal number: newer kernels print a fraction", async () => {
    const core = sensorOf({ driver: "hwmon", match: { label: "Core 0" } }, { sysRoot: tree(CORE) });
    expect(await core.read()).toMatchObject({ value: 45.5 });
  });

  it("is found again when its chip was bound anew under another number", async () => {
    const sysRoot = tree(CORE);
    const sensor = sensorOf({ driver: "hwmon", match: { chip: "lm75" } }, { sysRoot });
    renameSync(join(sysRoot, "class/hwmon/hwmon10"), join(sysRoot, "class/hwmon/hwmon3"));
    await expect(sensor.read()).rejects.toMatchObject({ code: "ENOENT" });
    expect(await sensor.read()).toMatchObject({ value: -5.25 });
  });

  it("that is unplugged is absent, and there again when it is plugged in", async () => {
    const sysRoot = tree({ "class/hwmon/.keep": "" });
    const sensor = sensorOf({ driver: "hwmon", match: { chip: "lm75" } }, { sysRoot });
    expect(sensor.present()).toBe(false);
    await expect(sensor.read()).rejects.toMatchObject({ code: "DEVICE_SENSOR_ABSENT" });
    mkdirSync(join(sysRoot, "class/hwmon/hwmon0"));
    writeFileSync(join(sysRoot, "class/hwmon/hwmon0/name"), "lm75\n");
    writeFileSync(join(sysRoot, "class/hwmon/hwmon0/temp1_input"), "1000\n");
    expect(sensor.present()).toBe(true);
    expect(await sensor.read()).toMatchObject({ value: 1 });
  });

  it.each([
    ["nothing", ""],
    ["words", "N/A\n"],
    ["hexadecimal", "0x1F\n"],
    ["less than absolute zero", "-274000\n"],
    ["hotter than any board", "999999999\n"],
    ["a number too long to be one", "1".repeat(200)],
  ])("that holds %s is an error, never a reading", async (_, text) => {
    const files = { "class/hwmon/hwmon0/name": "bad\n", "class/hwmon/hwmon0/temp1_input": text };
    const sensor = sensorOf({ driver: "hwmon", match: { chip: "bad" } }, { sysRoot: tree(files) });
    await expect(sensor.read()).rejects.toMatchObject({ code: "DEVICE_READING_REFUSED" });
  });
});

describe("a thermal zone", () => {
  it("is found by its type, or is the first one", async () => {
    const sysRoot = tree(CORE);
    expect(await sensorOf({ driver: "thermal", zone: "cpu-thermal" }, { sysRoot }).read()).toMatchObject({
      value: 51.234,
    });
    expect(await sensorOf({ driver: "thermal" }, { sysRoot }).read()).toMatchObject({ value: 51.234 });
    expect(sensorOf({ driver: "thermal", zone: "gpu" }, { sysRoot }).present()).toBe(false);
  });
});

describe("discovery", () => {
  it("gives entries that a board description takes and that read the sensor they name", async () => {
    const sysRoot = tree(CORE);
    const found = discoverSensors(sysRoot);
    expect(found.map((one) => one.name)).toEqual([
      "coretemp-package-id-0",
      "coretemp-core-0",
      "lm75-temp1",
      "zone-cpu-thermal",
    ]);
    expect(boardOf({ ...BOARD, sensors: found }).ok).toBe(true);
    const { board } = openRig({ ...BOARD, sensors: found }, { sysRoot });
    expect(await board.sensors.get("coretemp-core-0")?.read()).toMatchObject({ value: 45.5 });
    expect(await board.sensors.get("zone-cpu-thermal")?.read()).toMatchObject({ value: 51.234 });
  });

  it("finds nothing on a machine without sensors, and does not fail", () => {
    expect(discoverSensors(tree({ "class/.keep": "" }))).toEqual([]);
  });

  it("lists two chips that no match could tell apart once", () => {
    const disk = (n: number) => ({
      [`class/hwmon/hwmon${n}/name`]: "nvme\n",
      [`class/hwmon/hwmon${n}/temp1_input`]: "1\n",
    });
    expect(discoverSensors(tree({ ...disk(0), ...disk(1) }))).toHaveLength(1);
  });

  it("of an input without a label gives an entry that finds it again", async () => {
    const sysRoot = tree({ "class/hwmon/hwmon0/name": "lm75\n", "class/hwmon/hwmon0/temp3_input": "7000\n" });
    const [only] = discoverSensors(sysRoot);
    expect(only).toMatchObject({ match: { chip: "lm75", label: "temp3" } });
    const { board } = openRig({ ...BOARD, sensors: [only] }, { sysRoot });
    expect(await board.sensors.get("lm75-temp3")?.read()).toMatchObject({ value: 7 });
  });
});

describe("the machine's own metrics", () => {
  const system = (metric: string, procRoot?: string) =>
    sensorOf({ driver: "system", metric }, procRoot === undefined ? {} : { procRoot });

  it("are read from this machine", async () => {
    expect((await system("uptime").read())?.value).toBeGreaterThan(0);
    expect((await system("load-1m").read())?.value).toBeGreaterThanOrEqual(0);
    const free = await system("memory-available").read();
    expect(free?.value).toBeGreaterThan(1_000_000);
    expect(free).toMatchObject({ unit: UNITS.bytes, quality: 0 });
  });

  it("mean what their names say", async () => {
    const procRoot = tree({
      loadavg: "1.25 0.90 0.70 2/345 6789\n",
      uptime: "3661.07 7000.00\n",
      meminfo: "MemTotal:       4000 kB\nMemFree:         100 kB\nMemAvailable:    2500 kB\n",
      "pressure/memory":
        "some avg10=12.50 avg60=1.00 avg300=0.00 total=9\nfull avg10=3.00 avg60=0.00 avg300=0.00 total=1\n",
    });
    const value = async (metric: string) => (await system(metric, procRoot).read())?.value;
    expect(await value("load-1m")).toBe(1.25);
    expect(await value("uptime")).toBe(3661.07);
    expect(await value("memory-available")).toBe(2500 * 1024);
    expect(await value("memory-pressure")).toBe(12.5);
  });

  it("leave pressure out on a kernel that does not measure it", () => {
    const procRoot = tree({ loadavg: "0.00 0.00 0.00 1/1 1\n", meminfo: "MemAvailable: 1 kB\n" });
    expect(system("memory-pressure", procRoot).present()).toBe(false);
    expect(system("memory-available", procRoot).present()).toBe(true);
  });
});
