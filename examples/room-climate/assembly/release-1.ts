// Release 1.0.0: reads, switches, counts, tells.
import * as sp from "../../sdk/assembly/sallyport";
import { open, publishSystem, readRoom, roomIsSimulated, switchFan, tick } from "./climate";

export function sp_init(): i32 {
  return open();
}

export function sp_handle(kind: i32, handle: i32, time: i64, arg: i32): i32 {
  if (kind != sp.EV_TICK) return 0;
  const n = tick();
  const celsius = readRoom();
  const simulated = roomIsSimulated();
  const fan = isNaN(celsius) ? 0 : switchFan(celsius);
  sp.begin();
  sp.text("release", "1.0.0");
  sp.field("n", n, 0);
  if (!isNaN(celsius)) sp.field("room", celsius, 1);
  sp.text("source", simulated ? "simulated" : "real");
  sp.field("fan", fan, 0);
  sp.publish("climate", sp.QOS1);
  if ((n as i64) % 2 == 1) publishSystem();
  return 0;
}
