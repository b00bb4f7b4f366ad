/** `sallyport grants`: what each module of a device may do now, how often it did, and what was revoked. */
import { createDeviceView } from "../../fleet/index.ts";
import { nodeClock } from "../../runtime/kernel/node-world.ts";
import { cliFault } from "../faults.ts";
import { connect, LINK_OPTIONS } from "./operator.ts";
import { paint } from "./paint.ts";
import type { Verb } from "./verb.ts";

/** Retained states and grants come right after the subscription; silence for so long means that all have come. */
const QUIET_MS = 500;

export const verb: Verb = {
  name: "grants",
  summary: "Show what a device's modules may do, how often they did, and what was revoked.",
  options: { ...LINK_OPTIONS, json: { help: "print the grants messages as JSON" } },
  examples: ["sallyport grants --broker mqtt://127.0.0.1:1883 --password-file pw --tenant home --device pi-7"],
  async run(args, io) {
    const { link, device, tenant } = await connect(args);
    const view = createDeviceView(tenant, device);
    await new Promise<void>((resolve) => {
      let cancel = nodeClock.after(QUIET_MS * 4, resolve);
      void link.watch(device, (topic, payload) => {
        view.apply(topic, payload);
        // Telemetry never falls silent; only what we came for counts.
        if (!/\/up\/(?:state|mod)(?:\/|$)/.test(topic)) return;
        cancel();
        cancel = nodeClock.after(QUIET_MS, resolve);
      });
    });
    await link.close();
    const modules = Object.entries(view.current().modules);
    if (view.current().state === undefined) throw cliFault("CLI_TIMEOUT", { device, seconds: (QUIET_MS * 4) / 1000 });
    const { bold, red } = paint(io.colour);
    for (const [name, { grants }] of modules) {
      if (grants === undefined) continue;
      if (args.flag("json")) io.out(JSON.stringify(grants));
      else {
        io.out(bold(name));
        for (const one of grants.grants) io.out(`  ${one.id.padEnd(28)} used ${one.uses}, refused ${one.refused}`);
        for (const one of grants.revoked) io.out(red(`  ${one.id.padEnd(28)} revoked by ${one.revocation}`));
      }
    }
    return 0;
  },
};
