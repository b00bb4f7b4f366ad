/** `sallyport repo publish`: one release into the image repository. The loader judges it first, as a device will. */
import { parseManifest } from "../../runtime/kernel/authority/manifest.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { loadModule } from "../flow/admit.ts";
import { readFile } from "./files.ts";
import { DIR_OPTION, openRepo } from "./repo-open.ts";
import type { Verb } from "./verb.ts";

export const verb: Verb = {
  name: "repo publish",
  summary: "Publish a release: its manifest, its module and the bundle that attests both.",
  options: {
    dir: DIR_OPTION,
    manifest: { value: "FILE", required: true, help: "manifest.json" },
    module: { value: "FILE", required: true, help: "module.wasm" },
    bundle: { value: "FILE", required: true, help: "Sigstore bundle (see sallyport attest)" },
    hardware: { value: "PROFILE", many: true, help: "board profile/ABI it runs on (default any/core-v1)" },
    "raise-floor": { help: "a security release: no board runs an older release of this module again" },
  },
  examples: ["sallyport repo publish --manifest manifest.json --module module.wasm --bundle bundle.sigstore.json"],
  async run(args, io) {
    const manifest = readFile(args.text("manifest"));
    const module = readFile(args.text("module"));
    const parsed = unwrap(parseManifest(manifest));
    unwrap(loadModule(module, parsed));
    const hardware = args.list("hardware").length > 0 ? args.list("hardware") : ["any/core-v1"];
    const release = unwrap(
      await openRepo(args).publishRelease({
        manifest,
        module,
        bundle: readFile(args.text("bundle")),
        hardware: [...hardware],
        ...(args.flag("raise-floor") ? { raiseFloor: true } : {}),
      }),
    );
    io.out(`published ${parsed.team}/${parsed.name} ${parsed.version}, release counter ${release.releaseCounter}`);
    return 0;
  },
};
