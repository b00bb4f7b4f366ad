/**
 * An expected refusal is a value. `Result` is what every trust boundary returns: the caller cannot reach the value
 * without having looked at the refusal. A broken environment throws a `Fault` instead, and our own mistakes assert.
 */
import { Fault } from "./fault.ts";

export type Ok<T> = { readonly ok: true; readonly value: T };
export type Err<E> = { readonly ok: false; readonly error: E };
export type Result<T, E = Fault> = Ok<T> | Err<E>;

export function ok<T>(value: T): Ok<T> {
  return { ok: true, value };
}

export function err<E>(error: E): Err<E> {
  return { ok: false, error };
}

/** The value, or the refusal thrown: for callers that already stand inside an `attempt`. */
export function unwrap<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw result.error;
}

/** Turns thrown Faults back into values at a room's door. Anything that is not a Fault is our own mistake and flies on. */
export async function attempt<T>(body: () => Promise<T>): Promise<Result<T>> {
  try {
    return ok(await body());
  } catch (error) {
    if (error instanceof Fault) return err(error);
    throw error;
  }
}

/** The same for code that does not wait. */
export function attemptSync<T>(body: () => T): Result<T> {
  try {
    return ok(body());
  } catch (error) {
    if (error instanceof Fault) return err(error);
    throw error;
  }
}
