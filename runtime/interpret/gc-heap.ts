/**
 * The budget of garbage-collected objects. The host's collector frees what nothing refers to; this counts what is
 * allocated and, when the count reaches a mark, walks what is reachable from the machine's roots. The census falls at the
 * same allocation in every run, so running out is as deterministic as a trap.
 */

import { bytesOf, structBytes } from "./layout.ts";
import type { Machine } from "./machine.ts";
import { ArrayRef, ExceptionRef, type Ref, StructRef } from "./value.ts";

/** Accounts for an allocation; false when live objects would exceed the limit. */
export function allocate(m: Machine, bytes: number): boolean {
  m.gcAllocated += bytes;
  if (m.gcAllocated <= m.gcCensusAt) return true;
  const { gcBytes } = m.limits;
  const live = census(m) + bytes;
  if (live > gcBytes) {
    m.gcAllocated -= bytes;
    return false;
  }
  m.gcAllocated = live;
  // Walk again only after as much has been allocated as was found alive, and never beyond the limit.
  m.gcCensusAt = Math.min(gcBytes, Math.max(live * 2, gcBytes / 4));
  if (m.gcCensusAt <= live) m.gcCensusAt = live + gcBytes / 16;
  return true;
}

/** Bytes of all objects reachable from stack, globals, tables and segments; iterative, so depth is no danger. */
export function census(m: Machine): number {
  const seen = new Set<object>();
  const waiting: (StructRef | ArrayRef | ExceptionRef)[] = [];
  let bytes = 0;
  const visit = (value: Ref | undefined) => {
    if (!(value instanceof StructRef || value instanceof ArrayRef || value instanceof ExceptionRef)) return;
    if (seen.has(value)) return;
    seen.add(value);
    waiting.push(value);
  };
  for (let at = 0; at < m.refs.length; at += 1) visit(m.refs[at]);
  m.globalRefs.forEach(visit);
  for (const table of m.tables) table.elements.forEach(visit);
  for (const segment of m.elementSegments) segment.forEach(visit);
  visit(m.exception ?? null);
  for (;;) {
    const object = waiting.pop();
    if (object === undefined) return bytes;
    if (object instanceof ExceptionRef) {
      bytes += structBytes({ words: object.words.length, refs: object.refs.length });
      object.refs.forEach(visit);
      continue;
    }
    bytes += bytesOf(object, m.registry.get(object.type).composite);
    if (object instanceof StructRef) object.refs.forEach(visit);
    else if (Array.isArray(object.elements)) object.elements.forEach(visit);
  }
}
