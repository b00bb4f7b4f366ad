// Release 3.0.0: a bad one. It spoils its state and crashes on its third tick, within its probation.
import * as sp from "../../sdk/assembly/sallyport";
import { open } from "./climate";

let ticks: i32 = 0;

export function sp_init(): i32 {
  return open();
}

export function sp_handle(kind: i32, handle: i32, time: i64, arg: i32): i32 {
  if (kind != sp.EV_TICK) return 0;
  ticks += 1;
  sp.kvSetNumber("ticks", 999999);
  sp.kvSetNumber("spoiled", 1);
  sp.begin();
  sp.text("release", "3.0.0");
  sp.field("n", 999999, 0);
  sp.publish("climate", sp.QOS1);
  if (ticks == 3) unreachable();
  return 0;
}
