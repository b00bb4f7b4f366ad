/**
 * Whom a rule speaks of, as sets: which devices and modules two rules have in common, whether one holds all of another,
 * and a finite list of places, each a device and a module, in which any difference between policies must show. Rules
 * match by equality only, so a value that no rule names behaves like any other such value.
 */
import type { DeviceFacts, DeviceMatch, ModuleMatch } from "../../runtime/kernel/authority/ceiling.ts";

export interface Scope {
  readonly devices: DeviceMatch;
  readonly modules: ModuleMatch;
}

/** Stands for every value that no rule names; no identifier can be spelled like this. */
export const ANY_OTHER = "(any other)";

const DEVICE_FIELDS = ["id", "class", "region"] as const;

/** Neither a field nor `all`: such a match is of no device. */
export function matchesNothing(match: DeviceMatch): boolean {
  return match.all !== true && DEVICE_FIELDS.every((name) => match[name] === undefined);
}

/** What both speak of; nothing if they have no device or no module in common. */
export function meetScopes(a: Scope, b: Scope): Scope | undefined {
  if (matchesNothing(a.devices) || matchesNothing(b.devices) || a.modules.team !== b.modules.team) return undefined;
  const named: { id?: DeviceMatch["id"]; class?: string; region?: string } = {};
  for (const name of DEVICE_FIELDS) {
    const [one, other] = [a.devices[name], b.devices[name]];
    if (one !== undefined && other !== undefined && one !== other) return undefined;
    Object.assign(named, one === undefined && other === undefined ? {} : { [name]: one ?? other });
  }
  const names = [a.modules.name, b.modules.name];
  if (names[0] !== undefined && names[1] !== undefined && names[0] !== names[1]) return undefined;
  const name = names[0] ?? names[1];
  return {
    devices: Object.keys(named).length === 0 ? { all: true } : (named as DeviceMatch),
    modules: { team: a.modules.team, ...(name === undefined ? {} : { name }) },
  };
}

/** Does `wide` speak of all that `narrow` speaks of? Modules that no rule names stand for every module. */
export function holdsScope(wide: Scope, narrow: Scope): boolean {
  const teams: readonly string[] = [ANY_OTHER, narrow.modules.team];
  if (matchesNothing(wide.devices) || !teams.includes(wide.modules.team)) return false;
  const holds = (one: string | undefined, other: string | undefined) => one === undefined || one === other;
  return (
    holds(wide.modules.name, narrow.modules.name) &&
    DEVICE_FIELDS.every((name) => holds(wide.devices[name], narrow.devices[name]))
  );
}

const SCOPES_MAX = 2000;

export interface Scopes {
  readonly scopes: readonly Scope[];
  /** False if there were more than are looked at. */
  readonly areAll: boolean;
}

/**
 * The scopes and all that several of them have in common, each once, up to a bound. Two policies that treat each of
 * these alike treat every device and module alike.
 */
export function closeScopes(scopes: readonly Scope[]): Scopes {
  const found = new Map<string, Scope>();
  for (const one of scopes) {
    const alone = meetScopes(one, one);
    if (alone !== undefined) found.set(keyOf(alone), alone);
  }
  // A map is walked to its end as it grows: what is found is itself met with all that came before it.
  let met = 0;
  for (const one of found.values()) {
    for (const other of [...found.values()].slice(0, met)) {
      const both = meetScopes(one, other);
      if (both !== undefined) found.set(keyOf(both), both);
    }
    met += 1;
    if (found.size > SCOPES_MAX) return { scopes: [...found.values()].slice(0, SCOPES_MAX), areAll: false };
  }
  return { scopes: [...found.values()], areAll: true };
}

function keyOf({ devices, modules }: Scope): string {
  return JSON.stringify([devices.id, devices.class, devices.region, modules.team, modules.name]);
}

/** A device and a module of exactly this scope: what it leaves open has a value that no rule names. */
export function exampleOf({ devices, modules }: Scope): {
  readonly device: DeviceFacts;
  readonly module: { readonly team: string; readonly name: string };
} {
  const { id = ANY_OTHER, class: kind = ANY_OTHER, region = ANY_OTHER } = devices;
  return { device: { id, class: kind, region }, module: { team: modules.team, name: modules.name ?? ANY_OTHER } };
}

/** E.g. `devices of class gateway in region eu`. */
export function sayDevices(match: DeviceMatch): string {
  if (matchesNothing(match)) return "no device";
  const { id, class: kind, region } = match;
  const which = [kind === undefined ? "" : ` of class ${kind}`, region === undefined ? "" : ` in region ${region}`];
  if (id !== undefined) return `device ${id}${which.join("")}`;
  return which.join("") === "" ? "every device" : `devices${which.join("")}`;
}

export function sayModules({ team, name }: ModuleMatch): string {
  return name === undefined ? `every module of team ${team}` : `${team}/${name}`;
}

export function sayScope({ devices, modules }: Scope): string {
  return `${sayModules(modules)} on ${sayDevices(devices)}`;
}
