/**
 * Where a command becomes a change of desired state. Judged first (signature by an operator key the policy names, device,
 * expiry, sequence number), then recorded with its sequence number in one transaction, then made effective, then
 * answered: what was acknowledged survives a power cut. Anything else is reported and changes nothing.
 */
import type { DeviceFacts } from "../runtime/kernel/authority/ceiling.ts";
import type { DeviceId, TenantId } from "../runtime/kernel/brand.ts";
import type { Fault } from "../runtime/kernel/fault.ts";
import type { Result } from "../runtime/kernel/result.ts";
import type { Clock } from "../runtime/kernel/world.ts";
import { judgeCommand } from "./link/commands.ts";
import type { Memory } from "./memory.ts";
import { createRefusalLimit } from "./report/refusal-limit.ts";
import type { Reporter } from "./report/reporter.ts";
import type { Serial } from "./serial.ts";
import type { Supervisor } from "./supervise/supervisor.ts";
import type { Command } from "./wire/index.ts";

export interface CommandDeskOptions {
  readonly memory: Memory;
  readonly reporter: Reporter;
  readonly supervisor: Supervisor;
  readonly serial: Serial;
  readonly device: DeviceFacts & { readonly id: DeviceId };
  readonly tenant: TenantId;
  readonly clock: Clock;
  /** Looks at both repositories; resolves when the round is over. */
  refresh(): Promise<void>;
  /** Attests what runs, with this nonce; the attestation's number. */
  attest(nonce: string): Promise<Result<number>>;
}

export interface CommandDesk {
  take(topicVerb: string, payload: Uint8Array): void;
}

export function createCommandDesk(options: CommandDeskOptions): CommandDesk {
  const { memory, reporter, supervisor, serial, clock } = options;
  const limit = createRefusalLimit(clock);

  function answer(command: Command, reason?: string): void {
    const said = reason === undefined ? {} : { reason };
    reporter.result({ id: command.id, verb: command.verb, ok: true, ...said, t: clock.now() });
  }

  function refuse({ id, verb }: Command, why: Fault): void {
    reporter.result({ id, verb, ok: false, code: why.code, reason: why.message, t: clock.now() });
  }

  function carryOut(command: Command, operator: string, keyId: string): void {
    switch (command.verb) {
      case "revoke": {
        const { module, capability, reason } = command.args;
        memory.transaction(() => {
          memory.sequences.accept(keyId, command.seq);
          memory.revocations.add({ id: command.id, module, capability, by: keyId, at: clock.now(), reason });
        });
        const gone = supervisor.revoke(module, capability, command.id);
        reporter.event("grant.revoked", { module, capability, by: operator, revocation: command.id, reason });
        answer(command, gone.length === 0 ? "recorded; nothing of it was held" : `revoked ${gone.join(", ")}`);
        return;
      }
      case "restart": {
        const { module } = command.args;
        memory.transaction(() => {
          memory.sequences.accept(keyId, command.seq);
          memory.modules.clearFailed(module);
        });
        void serial.run(() => restart(command, module));
        return;
      }
      case "refresh":
        memory.transaction(() => memory.sequences.accept(keyId, command.seq));
        void options.refresh().then(() => answer(command));
        return;
      case "attest":
        memory.transaction(() => memory.sequences.accept(keyId, command.seq));
        void options
          .attest(command.args.nonce)
          .then((said) =>
            said.ok ? answer(command, `attestation ${said.value} is on its way`) : refuse(command, said.error),
          );
        return;
    }
  }

  async function restart(command: Command, module: Parameters<Memory["modules"]["get"]>[0]): Promise<void> {
    const record = memory.modules.get(module);
    if (record?.candidate !== undefined) return answer(command, "it is in probation; its end decides what runs");
    const release = record?.committed;
    if (release === undefined) return answer(command, "nothing of this name is installed");
    if (release.stopped !== undefined) return answer(command, `it stays stopped: ${release.stopped.code}`);
    const started = await supervisor.start(release, "running");
    answer(command, started.ok ? undefined : started.error.line());
  }

  return {
    take(topicVerb, bytes) {
      const judged = judgeCommand({
        topicVerb,
        bytes,
        device: options.device.id,
        tenant: options.tenant,
        operators: memory.operators(),
        deviceFacts: options.device,
        now: memory.trustedNow(),
        suspectSince: memory.isClockSuspect() ? memory.timeFloor() : undefined,
        lastSeq: memory.sequences.last,
      });
      if (judged.ok) return carryOut(judged.value.command, judged.value.operator, judged.value.keyId);
      const unreported = limit.next();
      if (unreported === undefined) return;
      reporter.refusal("command.refused", judged.error, {
        verb: topicVerb,
        ...(unreported === 0 ? {} : { unreported }),
      });
    },
  };
}
