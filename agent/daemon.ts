/**
 * The composition root of the board's side: reads what was provisioned, opens state, builds the parts and wires them;
 * it decides nothing. Order at start: state, updater and board first; committed modules run before the network is
 * asked for anything; then the broker connection; then the first round. Order at stop is the reverse.
 */
import { join } from "node:path";
import { createBroker, hostModule, openBoard, parseBoard } from "../devices/index.ts";
import { engineOf, type Tier } from "../runtime/index.ts";
import { GUEST_ABIS, releasePaths } from "../runtime/kernel/authority/manifest.ts";
import type { ModuleName } from "../runtime/kernel/brand.ts";
import { hex } from "../runtime/kernel/bytes.ts";
import { reasonOf } from "../runtime/kernel/fault.ts";
import { unwrap } from "../runtime/kernel/result.ts";
import type { Clock, Log, Random } from "../runtime/kernel/world.ts";
import { openUpdater, type ProxySettings } from "../updater/index.ts";
import { createClockWatch } from "./clock-watch.ts";
import { createCommandDesk } from "./command-desk.ts";
import { loadModule } from "./flow/admit.ts";
import { termsOf } from "./flow/inventory.ts";
import { createLeases } from "./flow/lease.ts";
import { createProofKeeper } from "./flow/proofs.ts";
import { createReconciler } from "./flow/reconcile.ts";
import { createRefreshLoop } from "./flow/refresh-loop.ts";
import { createTransitions } from "./flow/transitions.ts";
import { createUplink } from "./link/uplink.ts";
import { openMemory } from "./memory.ts";
import { createModuleServices } from "./module-services.ts";
import { readBoard } from "./provision/device.ts";
import { startNeighbours } from "./provision/neighbours.ts";
import { proverOf } from "./provision/prover.ts";
import { transportOptions } from "./provision/transport.ts";
import { createRefusalLimit } from "./report/refusal-limit.ts";
import { createReporter } from "./report/reporter.ts";
import { createVersionsReport } from "./report/versions.ts";
import { createSelfAttestation } from "./self-attestation.ts";
import { createSerial } from "./serial.ts";
import { openCodeCache } from "./store/code-cache.ts";
import { isDiskTrouble } from "./store/db.ts";
import { openProofStore } from "./store/proofs.ts";
import { createSupervisor } from "./supervise/supervisor.ts";
import type { Engines } from "./supervise/task.ts";
import { isTpmTrouble } from "./tpm/faults.ts";
import { AGENT_VERSION, BUILD_TIME_MS } from "./version.ts";
import { levelsBelow, topicsOf } from "./wire/index.ts";

export interface AgentOptions {
  readonly directory: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Which tier runs modules that nothing ties further; unless given, the fastest that the host has. */
  readonly tier?: Tier;
  /** What the environment says of proxies; the board's own configuration comes first. */
  readonly proxy?: ProxySettings;
  /** A thread is kept ready for the next module, for some 7 MB; false unless given. */
  readonly spareThread?: boolean;
}

export interface Agent {
  /** Stops modules, says goodbye to the broker, closes state. */
  stop(): Promise<void>;
}

/** How often grants are reported with their counters while nothing else changes. */
const GRANTS_REPORT_MS = 30_000;

export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { clock, random, log } = options;
  const provisioned = unwrap(readBoard(options.directory));
  const { config } = provisioned;
  const memory = openMemory(join(provisioned.stateDirectory, "state.db"), clock, BUILD_TIME_MS);
  const boot = memory.nextBoot();
  const topics = topicsOf(config.tenant, config.device);
  const facts = { id: config.device, class: config.class, region: config.region };
  const description = unwrap(parseBoard(provisioned.board));
  const { simulatedDirectory } = config;
  const board = unwrap(
    openBoard(description, {
      clock,
      keepOut: options.directory,
      ...(simulatedDirectory === undefined ? {} : { simulatedDirectory }),
    }),
  );
  const updater = openUpdater({
    directory: join(provisioned.stateDirectory, "updater"),
    image: { ...config.image, root: provisioned.imageRoot },
    director: { ...config.director, root: provisioned.directorRoot },
    device: config.device,
    hardware: { profile: description.profile, abi: GUEST_ABIS },
    now: memory.trustedNow,
    transport: {
      clock,
      random,
      ...transportOptions(config.transport, {
        proxy: options.proxy,
        log,
        onLeft: (address, why) => reporter.refusal("update.mirror", why, { address }),
      }),
    },
    ...(config.counterFile === undefined ? {} : { counterFile: config.counterFile }),
    forNeighbours: config.neighbours !== undefined,
    onNotice: (why) => reporter.refusal("update.delta", why),
  });
  const neighbours = startNeighbours(config.neighbours, { updater, clock, log });

  const uplink = createUplink({
    broker: config.broker,
    device: config.device,
    topics,
    clock,
    random,
    log,
    outbox: memory.outbox,
    acked: (id) => memory.commit(() => memory.outbox.acked(id)),
    boot,
    agent: AGENT_VERSION,
    birth: () => ({
      device: config.device,
      class: config.class,
      region: config.region,
      profile: description.profile,
      ...board.facts(),
    }),
  });
  const lost = createRefusalLimit(clock, 1);
  /** A report that disk or TPM does not take is lost, and the agent goes on: modules run, lines stay safe. */
  const onLost = (error: unknown) => {
    if (!isDiskTrouble(error) && !isTpmTrouble(error)) throw error;
    const before = lost.next();
    if (before !== undefined) log("error", "a report is lost", { reason: reasonOf(error), before });
  };
  const orLost = (write: () => void) => {
    try {
      write();
    } catch (error) {
      onLost(error);
    }
  };
  const { tier } = engineOf(options.tier);
  const reporter = createReporter({
    topics,
    tier,
    device: config.device,
    clock,
    nextEventId: () => `${boot}-${hex(random.bytes(6))}`,
    send: (topic, payload, { retain, priority }) => {
      orLost(() => memory.outbox.append({ topic, payload, retain, priority: priority === "high" ? 9 : 1 }));
      uplink.kick();
    },
    keep: (...event) => orLost(() => memory.keepEvent(...event)),
    nextJobRev: memory.nextJobRev,
  });

  const cache = openCodeCache(join(provisioned.stateDirectory, "code"));
  const engines: Engines = {
    tier,
    of: (chosen) => ({ tier: chosen, start: (guest) => engineOf(chosen).start({ ...guest, cache }) }),
  };
  const { keepSpare } = engineOf(tier);
  const spareThread = options.spareThread === true && keepSpare !== undefined;
  if (spareThread) keepSpare(true);
  log("info", "engine", { tier, spareThread });
  const serial = createSerial();
  const services = createModuleServices({ memory, uplink, topics });
  const supervisor = createSupervisor({
    engines,
    broker: createBroker({
      board,
      clock,
      onAudit: (event) => reporter.event(isRefusal(event.code) ? "grant.refused" : "device.failed", { ...event }),
    }),
    host: hostModule,
    clock,
    serial,
    deviceId: config.device,
    services: services.of,
    async load(release) {
      const { module: path } = releasePaths(release.team, release.name, release.version);
      const target = {
        path,
        length: release.moduleSize,
        sha256: release.moduleSha256,
        custom: undefined,
        repository: "image",
      } as const;
      const bytes = await updater.fetchTarget(target);
      return bytes.ok ? loadModule(bytes.value, release.manifest, termsOf(release)) : bytes;
    },
    revoked: memory.revocations.active,
    onState: (release, state, restarts, reason) => {
      log(reason === undefined ? "info" : "warn", "module", {
        module: release.name,
        version: release.version,
        state,
        ...(reason === undefined ? {} : { reason: reason.line() }),
      });
      reporter.moduleState(release, state, restarts, reason);
      attestation.changed();
    },
    onGrants(module, report) {
      reporter.moduleGrants(module, report);
      attestation.changed();
    },
    onLog: reporter.log,
    onNotice: (release, notice) =>
      reporter.refusal("module.notice", notice, { module: release.name, version: release.version }),
    onCandidateEnded: (release, reason) => transitions.rollBack(release, reason),
  });
  const transitions = createTransitions({
    state: memory.transitionState,
    supervisor,
    clock,
    job: reporter,
    onRolledBack(release, reason, to) {
      reporter.refusal("module.rolled_back", reason, {
        module: release.name,
        version: release.version,
        to: to?.version ?? null,
      });
    },
    onPostponed: (release, reason) =>
      reporter.refusal("module.postponed", reason, { module: release.name, version: release.version }),
    onKeptStopped: (release, reason) => reporter.moduleState(release, "stopped", 0, reason),
  });
  const leases = createLeases(clock, (module) => {
    supervisor.revoke(module, "*", "lease");
    reporter.event("grant.lease_expired", { module });
  });

  for (const notice of updater.notices) reporter.refusal("update.memory", notice);
  if (!provisioned.certificates.ok) reporter.refusal("proof.certificate", provisioned.certificates.error);
  const versions = createVersionsReport({
    device: config.device,
    key: provisioned.key,
    updater,
    memory,
    clock,
    random,
    send: reporter.versions,
  });
  const proofStore = openProofStore(join(provisioned.stateDirectory, "proofs"));
  const proofs = createProofKeeper({
    prover: proverOf(provisioned, AGENT_VERSION),
    store: proofStore,
    updater,
    memory,
    clock,
    onNotKept: ({ name, version }, why) => reporter.refusal("proof.not_kept", why, { module: name, version }),
  });
  const parts = { updater, memory, supervisor, reporter, proofStore };
  const attestation = createSelfAttestation({ provisioned, boot, tier, clock, log, ...parts });
  const lookAtClock = createClockWatch({ clock, memory, reporter });
  const reconcile = createReconciler({
    updater,
    device: facts,
    memory: memory.reconcileMemory,
    supervisor,
    transitions,
    reporter,
    serial,
    onActivate: () => engineOf(tier).warm?.(),
    onAdmitted: proofs.admitted,
    onRefused: versions.outcome,
    onFresh(judged) {
      versions.outcome(undefined);
      memory.rememberOperators(judged.policy.operators);
      leases.arm(supervisor.releases(), memory.freshAt());
    },
  });
  const loop = createRefreshLoop({
    clock,
    random,
    pollMs: config.pollS * 1000,
    onBroken: (error) => log("error", "round broke off", { reason: reasonOf(error) }),
    async run(cause) {
      log("debug", "round", { cause });
      lookAtClock();
      proofs.begin();
      const outcome = await reconcile();
      proofs.keep(memory.modules.list());
      await versions.say().catch(onLost);
      attestation.changed();
      leases.arm(supervisor.releases(), memory.freshAt());
      return outcome;
    },
  });
  const desk = createCommandDesk({
    memory,
    reporter,
    supervisor,
    serial,
    device: facts,
    tenant: config.tenant,
    clock,
    refresh: () => loop.now("command"),
    attest: attestation.answer,
  });

  uplink.onMessage((topic, payload) => {
    const [dn, kind, first, second] = levelsBelow(config.tenant, config.device, topic) ?? [];
    if (dn !== "dn") return;
    if (kind === "hint") loop.hint();
    else if (kind === "cmd" && first !== undefined) desk.take(first, payload);
    else if (kind === "ch" && first !== undefined && second !== undefined)
      supervisor.deliver(first as ModuleName, second, payload);
  });

  await serial.run(() => transitions.recover());
  leases.arm(supervisor.releases(), memory.freshAt());
  uplink.start();
  void loop.now("start");
  let reportTimer = clock.after(GRANTS_REPORT_MS, reportGrants);
  function reportGrants(): void {
    supervisor.reportGrants();
    reportTimer = clock.after(GRANTS_REPORT_MS, reportGrants);
  }
  log("info", "agent started", { device: config.device, version: AGENT_VERSION, boot, pid: process.pid });

  return {
    async stop() {
      reportTimer();
      leases.close();
      await loop.close();
      transitions.close();
      const attested = attestation.close();
      await serial.run(() => supervisor.close());
      if (spareThread) keepSpare(false);
      await memory.flush();
      await uplink.stop();
      await attested;
      await neighbours?.close();
      updater.close();
      board.close();
      memory.close();
      log("info", "agent stopped");
    },
  };
}

/** A module asked for what it may not have; everything else the broker reports is about hardware or who holds what. */
function isRefusal(code: string): boolean {
  return code.startsWith("SP_") && !code.startsWith("SP_EIO") && !code.startsWith("SP_ETIMEDOUT");
}
