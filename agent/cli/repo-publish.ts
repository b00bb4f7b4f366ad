/** `sallyport repo publish`: one release into the image repository. What no device would read or load is refused here. */
import { checkEvidence } from "../../attest/publisher/index.ts";
import { parseManifest } from "../../runtime/kernel/authority/manifest.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { type Repositories, teamRole } from "../../updater/repository/index.ts";
import { loadModule } from "../flow/admit.ts";
import { readFile } from "./files.ts";
import { createProgress } from "./progress.ts";
import { DIR_OPTION, openRepo } from "./repo-open.ts";
import { published } from "./repo-settled.ts";
import type { Verb } from "./verb.ts";

export const verb: Verb = {
  name: "repo publish",
  summary: "Publish a release: its manifest, its module and the bundle that attests both.",
  options: {
    dir: DIR_OPTION,
    manifest: { value: "FILE", required: true, help: "manifest.json" },
    module: { value: "FILE", required: true, help: "module.wasm" },
    bundle: { value: "FILE", required: true, help: "its evidence file (see sallyport attest bundle)" },
    hardware: {
      value: "PROFILE",
      many: true,
      help: "board profile/ABI it runs on (default any/ and the manifest's ABI)",
    },
    deltas: { value: "N", default: "3", help: "make deltas from that many earlier releases; 0 for none" },
    "raise-floor": { help: "a security release: no board runs an older release of this module again" },
  },
  examples: ["sallyport repo publish --manifest manifest.json --module module.wasm --bundle bundle.sigstore.json"],
  async run(args, io) {
    const manifest = readFile(args.text("manifest"));
    const module = readFile(args.text("module"));
    const parsed = unwrap(parseManifest(manifest));
    unwrap(loadModule(module, parsed));
    const evidence = { name: args.text("bundle"), bytes: readFile(args.text("bundle")) };
    unwrap(checkEvidence(evidence));
    const hardware = args.list("hardware").length > 0 ? args.list("hardware") : [`any/${parsed.abi}`];
    const repo = openRepo(args);
    const { team, name } = parsed;
    const progress = createProgress("publishing");
    const made = await repo.publishRelease({
      manifest,
      module,
      bundle: evidence.bytes,
      hardware: [...hardware],
      deltas: args.integer("deltas", { min: 0, max: 8 }),
      ...(args.flag("raise-floor") ? { releaseFloor: ownCounter(repo, team, name) } : {}),
      onProgress: progress.update,
    });
    progress.end();
    const release = published(made, teamRole(team), io);
    io.out(
      `published ${team}/${name} ${parsed.version}, release counter ${release.releaseCounter}, floor ${release.releaseFloor}`,
    );
    return 0;
  },
};

/** The counter that the next release of a module gets: everything before it is below such a floor. */
function ownCounter(repo: Repositories, team: string, name: string): number {
  const earlier = repo.releases().filter((one) => one.team === team && one.name === name);
  return Math.max(0, ...earlier.map((one) => one.releaseCounter)) + 1;
}
