/**
 * What changes for whom: in every place that the two policies can tell apart, the rules that matched before beside those
 * that match now. Adding a rule narrows where there was one, and opens the door where there was none.
 */
import { matchesDevice, matchesModule } from "../../runtime/kernel/authority/ceiling.ts";
import { partiesMeet } from "../overlap.ts";
import { quorumOf } from "../parties.ts";
import type { EvidenceRule, Policy } from "../policy.ts";
import { beyond, type Change, type Effect, type Places, type Said, same, tellByPlace } from "./change.ts";
import { type Asked, requirementsOf } from "./finding.ts";
import { closeScopes, exampleOf, type Scope, sayScope } from "./scope.ts";
import {
  DIRECTIONS,
  effectOf,
  fieldOf,
  fieldsOf,
  implies,
  itemsOf,
  type Side,
  signersImply,
  strictIn,
} from "./strictness.ts";
import { plain, sayKind, sayNeed } from "./words.ts";

type Ask = NonNullable<EvidenceRule["asks"]>[number];

interface Place {
  readonly scope: Scope;
  /** What the module asks for; capabilities that no rule names make no difference. */
  readonly wants: readonly Ask[];
}

export function diffEvidence(old: Policy, now: Policy): readonly Change[] {
  const [before, after] = [asking(old), asking(now)];
  // In most places the same rules meet.
  const compared = new Map<string, readonly Said[]>();
  return tellByPlace(
    "evidence",
    placesOf([...old.evidence, ...now.evidence]),
    (place) => {
      const [olds, news] = [before.rulesIn(place), after.rulesIn(place)];
      const key = `${olds.join()} ${news.join()}`;
      const said = compared.get(key) ?? compare(before.askedBy(olds), after.askedBy(news), old, now);
      compared.set(key, said);
      return said;
    },
    ({ scope, wants }) => `${sayScope(scope)}${sayWants(wants)}`,
  );
}

function placesOf(rules: readonly EvidenceRule[]): Places<Place> {
  const regions = [...new Set(rules.flatMap((one) => one.regions ?? []))];
  const located = rules.flatMap(({ devices, modules }) =>
    devices.region === undefined ? regions.map((region) => ({ devices: { ...devices, region }, modules })) : [],
  );
  const { scopes, areAll } = closeScopes([...rules, ...located]);
  const asks = rules.flatMap((one) => one.asks ?? []).flatMap(spellOut);
  const distinct = asks.filter((one, index) => asks.findIndex((other) => same(one, other)) === index);
  // What a module may not have alone it may not have beside others; what opens only beside another needs just two.
  const pairs = distinct.flatMap((one, index) => distinct.slice(index + 1).map((other) => [one, other]));
  const wanted = [[], ...distinct.map((one) => [one]), ...pairs];
  return { places: scopes.flatMap((scope) => wanted.map((wants) => ({ scope, wants }))), areAll };
}

function spellOut(ask: Ask): readonly Ask[] {
  if (ask.cap === "gpio" && ask.dir === undefined) return (["in", "out"] as const).map((dir) => ({ ...ask, dir }));
  if (ask.cap === "dir" && ask.mode === undefined) return (["ro", "rw"] as const).map((mode) => ({ ...ask, mode }));
  return [ask];
}

interface Asking {
  /** Those that speak of a module there, by their places in the policy; none if it cannot run. */
  rulesIn(place: Place): readonly number[];
  /** All that they ask; nothing if no release can bring it. */
  askedBy(rules: readonly number[]): readonly Asked[] | undefined;
}

function asking(policy: Policy): Asking {
  const { evidence } = policy;
  const inScope = new Map<Scope, { readonly spoken: readonly number[]; readonly closed: ReadonlySet<number> }>();
  const find = (scope: Scope) => {
    const { device, module } = exampleOf(scope);
    const spoken = evidence.flatMap(({ devices, modules }, index) =>
      matchesDevice(devices, device) && matchesModule(modules, module) ? [index] : [],
    );
    const closed = new Set(spoken.filter((index) => evidence[index]?.regions?.includes(device.region) === false));
    return { spoken, closed };
  };
  const asked = evidence.map((rule, index) => requirementsOf(rule, index).map((one) => spelledOut(one.asked, policy)));
  return {
    rulesIn({ scope, wants }) {
      const found = inScope.get(scope) ?? find(scope);
      inScope.set(scope, found);
      const matching = found.spoken.filter((index) => {
        const asks = evidence[index]?.asks;
        return asks === undefined || wants.some((want) => asks.some((ask) => isOf(want, ask)));
      });
      return matching.some((index) => found.closed.has(index)) ? [] : matching;
    },
    askedBy(rules) {
      const all = rules.flatMap((index) => asked[index] ?? []);
      // Nothing vouches for the manifest: such a release is refused whatever evidence it brings.
      return all.every(({ about }) => about === "module") ? undefined : all;
    },
  };
}

/** A layout's name says nothing of what it asks; steps and whoever its parties are do. */
function spelledOut(asked: Asked, { layouts = [], parties = [] }: Policy): Asked {
  const layout = layouts.find((one) => one.name === asked.layout);
  if (asked.layout === undefined || layout === undefined) return asked;
  const all = quorumOf({ parties: parties.map((one) => one.name) }, parties).parties;
  const steps = layout.steps.map((step) => {
    const who = all.flatMap((one, index) => {
      if (!step.parties.includes(one.name)) return [];
      const before = all.slice(0, index).filter((other) => partiesMeet(one, other));
      return [[one, ...before].map(({ identities, keyIds }) => ({ identities, keyIds }))];
    });
    return { ...step, parties: who };
  });
  return { ...asked, ...{ steps } };
}

const isOf = (want: Ask, ask: Ask): boolean =>
  want.cap === ask.cap &&
  (ask.dir === undefined || ask.dir === want.dir) &&
  (ask.mode === undefined || ask.mode === want.mode || ask.mode === "ro");

function compare(
  before: readonly Asked[] | undefined,
  after: readonly Asked[] | undefined,
  old: Policy,
  now: Policy,
): readonly Said[] {
  if (before === undefined && after === undefined) return [];
  if (before === undefined)
    return [{ effect: "wider", says: "could not run, and can now with the evidence that is asked" }];
  if (after === undefined) return [{ effect: "narrower", says: "can no longer run" }];
  const olds = before.map((asked) => ({ asked, policy: old }));
  const news = after.map((asked) => ({ asked, policy: now }));
  const lost = olds.filter((one) => !news.some((other) => implies(other, one)));
  const gained = news.filter((one) => !olds.some((other) => implies(other, one)));
  const pairs = lost.flatMap((one) => {
    const other = nearest(one, gained) ?? nearest(one, news);
    return other === undefined ? [] : [[one, other] as const];
  });
  const extra = gained.filter((one) => !pairs.some(([, other]) => other === one));
  const free = olds.filter((one) => !pairs.some(([taken]) => taken === one));
  const paired = extra.flatMap((one) => {
    const other = nearest(one, free);
    return other === undefined ? [] : [[other, one] as const];
  });
  const told = [
    ...lost
      .filter((one) => !pairs.some(([other]) => other === one))
      .map((one) => said("wider", "no longer needs", one)),
    ...[...pairs, ...paired].flatMap(([one, other]) => differences(one, other)),
    ...extra
      .filter((one) => !paired.some(([, other]) => other === one))
      .map((one) => said("narrower", "needs as well", one)),
  ];
  // Field by field may look harmless where the whole is not: what got lost is never told as nothing.
  const opens = told.some(({ effect }) => effect === "wider" || effect === "both");
  return lost.length === 0 || opens ? told : [...told, ...lost.map((one) => said("both", "may no longer need", one))];
}

/** Of one kind: one that is stricter or looser in every field, else the one with most fields alike. */
function nearest(one: Side, others: readonly Side[]): Side | undefined {
  const likeness = (other: Side) =>
    (implies(one, other) || implies(other, one) ? 1000 : 0) +
    fieldsOf(one, other).filter((name) => same(fieldOf(one.asked, name), fieldOf(other.asked, name))).length;
  return others.filter(({ asked }) => asked.type === one.asked.type).toSorted((a, b) => likeness(b) - likeness(a))[0];
}

function said(effect: Effect, verb: string, { asked, policy }: Side): Said {
  const { what, threshold, who, conditions } = sayNeed(asked, policy);
  const names = who.map(({ party, names: own }) => (party === "" ? own.join(" or ") : party));
  const by = names.length === 0 ? "" : ` by ${threshold} of ${names.join(", ")}`;
  return { effect, says: `${verb} ${[`${what}${by}`, ...conditions].join(", ")}` };
}

/** Two requirements of one kind, field by field. */
function differences(old: Side, now: Side): readonly Said[] {
  const what = sayKind(now.asked.type);
  return [
    ...signerDifferences(old, now, what),
    ...fieldsOf(old, now).flatMap((name) => {
      const effect = effectOf(strictIn(name, now, old), strictIn(name, old, now));
      const [before, after] = [fieldOf(old.asked, name), fieldOf(now.asked, name)];
      if (same(before, after)) return [];
      const direction = DIRECTIONS[name];
      const isList = direction === "any-of" || direction === "all-of" || direction === "excused";
      const isOpen = direction === "any-of" && (before === undefined || after === undefined);
      if (!isList || isOpen) {
        if (name === "steps") return [{ effect, says: `${what}: ${now.asked.layout ?? ""} is another` }];
        return [{ effect, says: `${what}: ${name} ${shown(before)} → ${shown(after)}` }];
      }
      const [more, less]: readonly [Effect, Effect] =
        direction === "all-of" ? ["narrower", "wider"] : ["wider", "narrower"];
      return [
        ...beyond(itemsOf(before), itemsOf(after)).map((one) => ({
          effect: more,
          says: `${what}: ${name} + ${plain(one)}`,
        })),
        ...beyond(itemsOf(after), itemsOf(before)).map((one) => ({
          effect: less,
          says: `${what}: ${name} - ${plain(one)}`,
        })),
      ];
    }),
  ];
}

function signerDifferences(old: Side, now: Side, what: string): readonly Said[] {
  const [before, after] = [sayNeed(old.asked, old.policy), sayNeed(now.asked, now.policy)];
  const names = (need: typeof before) => need.who.flatMap((one) => one.names);
  const effect = effectOf(signersImply(now, old), signersImply(old, now));
  const [added, removed] = [beyond(names(before), names(after)), beyond(names(after), names(before))];
  const counts = (need: typeof before) => `${need.threshold} of ${need.who.length}`;
  const quorum = counts(before) === counts(after) ? [] : [`${counts(before)} → ${counts(after)} must sign`];
  if (added.length + removed.length + quorum.length === 0) return [];
  if (quorum.length === 0 && effect === "both") {
    return [
      ...added.map((one) => ({ effect: "wider" as const, says: `${what}: signer + ${one}` })),
      ...removed.map((one) => ({ effect: "narrower" as const, says: `${what}: signer - ${one}` })),
    ];
  }
  const list = [...quorum, ...added.map((one) => `signer + ${one}`), ...removed.map((one) => `signer - ${one}`)];
  return [{ effect, says: `${what}: ${list.join(", ")}` }];
}

function shown(value: unknown): string {
  return value === undefined ? "anything" : plain(value);
}

function sayWants(wants: readonly Ask[]): string {
  if (wants.length === 0) return "";
  return `, if it asks for ${wants.map(({ cap, dir, mode }) => [cap, dir, mode].filter((one) => one !== undefined).join(" ")).join(" and ")}`;
}
