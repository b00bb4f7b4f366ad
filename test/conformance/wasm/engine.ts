/** What the script runner asks of an engine. One adapter for each tier. */
import type { Value } from "../../../runtime/interpret/value.ts";
import type { FeatureSet } from "../../../runtime/module/features.ts";

/** A module that was accepted, before instantiation. */
export type Compiled = { readonly opaque: unknown };
export type Instantiated = { readonly opaque: unknown };

export type Refusal = {
  /** `refused`: malformed or invalid, by an engine that does not say which. */
  readonly stage: "malformed" | "invalid" | "refused" | "link" | "trap" | "exhaustion" | "exception" | "other";
  readonly message: string;
  /** The suite's wordings that the message may stand for, where an engine speaks its own. */
  readonly wordings?: readonly string[];
};

export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal };

export interface ScriptEngine {
  compile(bytes: Uint8Array): Outcome<Compiled>;
  instantiate(module: Compiled): Outcome<Instantiated>;
  register(name: string, instance: Instantiated): void;
  invoke(instance: Instantiated, name: string, args: readonly Value[]): Outcome<readonly Value[]>;
  get(instance: Instantiated, name: string): Outcome<Value>;
}

/** A fresh engine for each script, with the `spectest` module in it. */
export type MakeEngine = (options: { readonly features: FeatureSet }) => ScriptEngine;
