/** kv_get, kv_set, kv_delete: the module's own key-value pairs, within its quota. Writes are rated, reads are free. */
import { SP } from "../../runtime/index.ts";
import { answer, type CallFunction, text } from "./context.ts";

export const kvGet: CallFunction = ({ ledger, services }, call) => {
  const allowed = ledger.check("kv");
  if (allowed < 0) return answer(allowed);
  const key = text(call, 0);
  if (key === undefined || key === "") return answer(SP.EINVAL);
  const value = services.kvGet(key);
  return value === undefined ? answer(SP.ENOENT) : { value: value.byteLength, out: value.subarray(0, call.capacity) };
};

export const kvSet: CallFunction = async ({ ledger, services }, call) => {
  const allowed = ledger.use("kv");
  if (allowed < 0) return answer(allowed);
  const key = text(call, 0);
  if (key === undefined || key === "") return answer(SP.EINVAL);
  const held = ledger.held("kv");
  const limit = held?.cap === "kv" ? held.bytes : 0;
  const result = await services.kvSet(key, call.bytes[1] ?? new Uint8Array(0), limit);
  return answer(result < 0 ? ledger.refuse("kv", result) : result);
};

export const kvDelete: CallFunction = async ({ ledger, services }, call) => {
  const allowed = ledger.use("kv");
  if (allowed < 0) return answer(allowed);
  const key = text(call, 0);
  return answer(key === undefined || key === "" ? SP.EINVAL : await services.kvDelete(key));
};
