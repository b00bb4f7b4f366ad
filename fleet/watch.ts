/**
 * What a device says, folded into what it is: pure. Every payload is parsed by the wire's shapes; what does not parse is
 * counted and changes nothing, because a device may be compromised and a broker may lie.
 */

import {
  type BirthMessage,
  birthShape,
  type EventMessage,
  eventShape,
  type JobMessage,
  jobShape,
  levelsBelow,
  logShape,
  type ModuleGrantsMessage,
  type ModuleStateMessage,
  moduleGrantsShape,
  moduleStateShape,
  resultShape,
  type StateMessage,
  stateShape,
} from "../agent/wire/index.ts";
import { peekRuntimeStatement } from "../attest/index.ts";
import type { DeviceId, TenantId } from "../runtime/kernel/brand.ts";
import { fromUtf8 } from "../runtime/kernel/bytes.ts";
import { printable } from "../runtime/kernel/fault.ts";
import { parseJson, type Shape } from "../runtime/kernel/shape.ts";

const MESSAGE_BYTES_MAX = 262_144;
const EVENTS_MAX = 100;
/** Names of one kind that one device may make us remember. */
const NAMES_MAX = 1_000;

export interface ModuleView {
  state?: ModuleStateMessage;
  grants?: ModuleGrantsMessage;
}

export interface DeviceViewState {
  state?: StateMessage;
  birth?: BirthMessage;
  readonly modules: Record<string, ModuleView>;
  readonly jobs: Record<string, JobMessage>;
  /** Newest last. */
  readonly events: EventMessage[];
  /** Last payload per `module/channel`. */
  readonly telemetry: Record<string, Uint8Array>;
  refused: number;
}

export interface DeviceView {
  apply(topic: string, payload: Uint8Array): void;
  current(): DeviceViewState;
}

export function createDeviceView(tenant: TenantId, device: DeviceId): DeviceView {
  const view: DeviceViewState = {
    modules: Object.create(null),
    jobs: Object.create(null),
    events: [],
    telemetry: Object.create(null),
    refused: 0,
  };
  const parsed = <T>(shape: Shape<T>, payload: Uint8Array, then: (message: T) => void) => {
    const result = parseJson(shape, payload, "the message", MESSAGE_BYTES_MAX);
    if (result.ok) then(result.value);
    else view.refused += 1;
  };
  const remember = <T>(table: Record<string, T>, name: string, value: T): void => {
    if (name in table || Object.keys(table).length < NAMES_MAX) table[name] = value;
    else view.refused += 1;
  };
  return {
    current: () => view,
    apply(topic, payload) {
      const [up, kind, first = "", second = ""] = levelsBelow(tenant, device, topic) ?? [];
      if (up !== "up") return;
      if (kind === "state") parsed(stateShape, payload, (message) => (view.state = message));
      else if (kind === "birth") parsed(birthShape, payload, (message) => (view.birth = message));
      else if (kind === "mod" && second === "state")
        parsed(moduleStateShape, payload, (state) => remember(view.modules, first, { ...view.modules[first], state }));
      else if (kind === "mod" && second === "grants")
        parsed(moduleGrantsShape, payload, (grants) =>
          remember(view.modules, first, { ...view.modules[first], grants }),
        );
      else if (kind === "job") parsed(jobShape, payload, (message) => remember(view.jobs, first, message));
      else if (kind === "tm") remember(view.telemetry, `${first}/${second}`, payload);
      else if (kind === "ev") {
        parsed(eventShape, payload, (message) => {
          view.events.push(message);
          if (view.events.length > EVENTS_MAX) view.events.shift();
        });
      }
    },
  };
}

/** One readable line for a message; undefined for topics that are not the device's own words. */
export function formatMessage(
  topic: string,
  payload: Uint8Array,
  options: { readonly colour: boolean },
): string | undefined {
  const [, , , device = "", up, kind = "", ...rest] = topic.split("/");
  if (up !== "up") return undefined;
  const tint = (code: number, text: string) => (options.colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const line = (label: string, text: string, code = 36) =>
    `${printable(device)}  ${tint(code, printable(label).padEnd(10))} ${printable(text)}`;
  const read = <T>(shape: Shape<T>, say: (message: T) => string): string => {
    const result = parseJson(shape, payload, topic, MESSAGE_BYTES_MAX);
    return result.ok ? say(result.value) : line("?", `${topic}: ${result.error.message}`, 31);
  };
  switch (kind) {
    case "state":
      return read(stateShape, (m) =>
        line("presence", `${m.s} (boot ${m.boot}, agent ${m.agent})`, m.s === "ready" ? 32 : 33),
      );
    case "birth":
      return read(birthShape, (m) =>
        line("birth", `${m.profile}, class ${m.class}, ${m.sensors.length} sensors, ${m.lines.length} lines`),
      );
    case "mod":
      if (rest[1] === "state") {
        return read(moduleStateShape, (m) =>
          line(
            "module",
            `${rest[0]} ${m.ver} ${m.s}${m.restarts > 0 ? `, ${m.restarts} restarts` : ""}${because(m)}`,
            m.code === undefined ? 32 : 31,
          ),
        );
      }
      return read(moduleGrantsShape, (m) =>
        line(
          "grants",
          `${m.module}: ${m.grants.map((one) => one.id).join(", ")}${m.revoked.length > 0 ? `; revoked ${m.revoked.map((one) => one.id).join(", ")}` : ""}`,
        ),
      );
    case "job":
      return read(jobShape, (m) => line("job", `${m.id} ${m.s}${because(m)}`, m.code === undefined ? 36 : 31));
    case "att": {
      const said = peekRuntimeStatement(payload)?.predicate;
      if (said === undefined) return line("?", `${topic}: no attestation`, 31);
      const running = said.modules.filter((one) => one.state === "running" || one.state === "probation").length;
      const asked = said.nonce === undefined ? "" : ", an answer";
      return line("attested", `number ${said.counter}: ${running} modules run${asked}; not judged here`, 0);
    }
    case "tm":
      return line("telemetry", `${rest.join("/")}  ${fromUtf8(payload) ?? `${payload.byteLength} bytes`}`, 0);
    case "ev":
      return read(eventShape, (m) => line("event", `${m.type} ${JSON.stringify(m.data)}`, 33));
    case "log":
      return read(logShape, (m) =>
        line(
          "log",
          `${rest[0]}: ${m.lines.map((one) => one.m).join(" | ")}${m.dropped > 0 ? ` (${m.dropped} lines dropped)` : ""}`,
          2,
        ),
      );
    case "res":
      return read(resultShape, (m) =>
        line("answer", `${m.verb} ${m.id} ${m.ok ? "taken" : "refused"}${because(m)}`, m.ok ? 32 : 31),
      );
    default:
      return line(kind, topic);
  }
}

function because(message: { readonly code?: string; readonly reason?: string }): string {
  const parts = [message.code, message.reason].filter((one) => one !== undefined);
  return parts.length === 0 ? "" : `: ${parts.join(": ")}`;
}
