/**
 * Where a policy contradicts itself: its parser refuses such a document as a whole, here each place is named. Reads the
 * document as parsed JSON, because a policy is what it does not become.
 */
import { canonicalJson } from "../../runtime/kernel/canonical.ts";
import { parsePublicKey } from "../../runtime/kernel/signer.ts";
import { error, type Finding } from "./finding.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Parties that share a name, an identity or a key, and requirements that name parties which are not there. */
export function findContradictions(document: unknown): readonly Finding[] {
  const parties = listOf(document, "parties");
  const names = parties.map((one) => one["name"]);
  const seen = new Map<string, string>();
  const shared = parties.flatMap((party, index) => {
    const own = [
      { what: `name:${String(party["name"])}`, at: `parties[${index}].name` },
      ...listOf(party, "identities").map((one, place) => ({
        what: `identity:${canonicalJson(one)}`,
        at: `parties[${index}].identities[${place}]`,
      })),
      ...textsOf(party, "keys").map((pem, place) => ({
        what: `key:${keyIdOf(pem)}`,
        at: `parties[${index}].keys[${place}]`,
      })),
    ];
    return own.flatMap(({ what, at }) => {
      const first = seen.get(what);
      if (first === undefined) {
        seen.set(what, at);
        return [];
      }
      if (first.startsWith(`parties[${index}].`)) return [];
      return [error("party-overlap", at, `the same as ${first}: nobody is two parties`)];
    });
  });
  const unknown = listOf(document, "evidence").flatMap((rule, index) =>
    listOf(rule, "require").flatMap((one, place) => unsound(one, names, `evidence[${index}].require[${place}]`)),
  );
  return [...shared, ...unknown, ...layoutContradictions(document, names)];
}

function layoutContradictions(document: unknown, parties: readonly unknown[]): readonly Finding[] {
  const layouts = listOf(document, "layouts");
  const names = layouts.map((one) => one["name"]);
  const missing = listOf(document, "evidence").flatMap((rule, index) =>
    listOf(rule, "require").flatMap(({ layout }, place) =>
      layout === undefined || names.includes(layout)
        ? []
        : [
            error(
              "layout-unknown",
              `evidence[${index}].require[${place}].layout`,
              `there is no layout ${String(layout)}`,
            ),
          ],
    ),
  );
  const strangers = layouts.flatMap((layout, index) =>
    listOf(layout, "steps").flatMap((step, place) =>
      textsOf(step, "parties").flatMap((name, party) => {
        const at = `layouts[${index}].steps[${place}].parties[${party}]`;
        return parties.includes(name) ? [] : [error("party-unknown", at, `there is no party ${name}`)];
      }),
    ),
  );
  const twice = names.flatMap((name, index) =>
    names.indexOf(name) === index
      ? []
      : [error("layout-twice", `layouts[${index}].name`, "another layout has this name")],
  );
  return [...missing, ...strangers, ...twice];
}

function unsound(asked: Fields, names: readonly unknown[], at: string): readonly Finding[] {
  const named = textsOf(asked, "parties");
  const inPlace = asked["identities"] !== undefined || asked["keys"] !== undefined;
  const { threshold } = asked;
  const most = new Set(named).size;
  return [
    ...named.flatMap((name, index) =>
      names.includes(name) ? [] : [error("party-unknown", `${at}.parties[${index}]`, `there is no party ${name}`)],
    ),
    ...(inPlace && named.length > 0
      ? [error("signers-twice", at, "names parties, and signers in place: one of the two")]
      : []),
    ...(inPlace && threshold !== undefined
      ? [error("threshold", `${at}.threshold`, "a threshold counts parties, and this names signers in place")]
      : []),
    ...(!inPlace && named.length === 0 && asked["type"] !== "layout"
      ? [error("no-signers", at, "names nobody who must have signed: parties, identities or keys")]
      : []),
    ...(!inPlace && typeof threshold === "number" && most > 0 && threshold > most
      ? [
          error(
            "threshold",
            `${at}.threshold`,
            `${threshold} of ${most} ${most === 1 ? "party" : "parties"} can never sign`,
          ),
        ]
      : []),
  ];
}

function keyIdOf(pem: string): string {
  const key = parsePublicKey(pem, "a key");
  return key.ok ? key.value.keyId : pem;
}

function listOf(value: unknown, name: string): readonly Fields[] {
  const list = isFields(value) ? value[name] : undefined;
  return Array.isArray(list) ? list.filter(isFields) : [];
}

function textsOf(value: Fields, name: string): readonly string[] {
  const list = value[name];
  return Array.isArray(list) ? list.filter((one) => typeof one === "string") : [];
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
