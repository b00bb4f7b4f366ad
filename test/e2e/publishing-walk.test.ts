/** The newcomer's walk in docs/publishing.md: every block prints what the page shows, and boards follow along. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { releasePaths } from "../../runtime/kernel/authority/manifest.ts";
import { deviceId } from "../../runtime/kernel/brand.ts";
import { unwrap } from "../../runtime/kernel/result.ts";
import { parseShape } from "../../runtime/kernel/shape.ts";
import { openUpdater } from "../../updater/index.ts";
import { startSigstore } from "../fakes/sigstore.ts";
import { ROOT } from "../tree.ts";
import { looksLike, readWalk, startWalk, type Walk } from "./walk.ts";

const page = readFileSync(join(ROOT, "docs", "publishing.md"), "utf8");
const CI = { issuer: "https://ci.example", subject: "https://git.example/acme/release.yml" };

/** What a board with the ceremony's roots makes of the repository on Anna's laptop: the code, or the agreed version. */
async function look(walk: Walk, board: string, version: string): Promise<string> {
  const device = unwrap(parseShape(deviceId, board, "the walk's board"));
  const repository = join(walk.home("Anna"), ".sallyport", "repo");
  const below = (...names: string[]) => pathToFileURL(join(repository, ...names)).href;
  const root = (...names: string[]) => readFileSync(join(repository, ...names, "1.root.json"));
  const address = (folder: string) => ({
    metadataUrl: `${below(folder)}/metadata/`,
    targetsUrl: `${below(folder)}/targets/`,
  });
  const updater = openUpdater({
    directory: join(walk.home("Anna"), `state-of-${board}`),
    image: { ...address("image"), root: root("image", "metadata") },
    director: { ...address(`director/${board}`), root: root("director-root") },
    device,
    hardware: { profile: "any", abi: "core-v1" },
    now: () => Date.now() + walk.aheadMs,
  });
  try {
    const view = await updater.refresh();
    if (!view.ok) return view.error.code;
    const agreed = view.value.agreed(releasePaths("acme", "room-climate", version).module);
    if (!agreed.ok) return agreed.error.code;
    const bytes = await updater.fetchTarget(agreed.value);
    return bytes.ok ? version : bytes.error.code;
  } finally {
    updater.close();
  }
}

describe("the walk", () => {
  let sigstore: Awaited<ReturnType<typeof startSigstore>>;
  let walk: Walk;
  beforeAll(async () => {
    sigstore = await startSigstore();
    const { fulcioUrl, rekorUrl, tsaUrl, trustedRoot } = sigstore;
    walk = startWalk({
      files: { Anna: { token: sigstore.tokenFor(CI), "trusted_root.json": trustedRoot }, Bob: {} },
      attest: ["--fulcio", fulcioUrl, "--rekor", rekorUrl, "--tsa", tsaUrl],
    });
  });
  afterAll(async () => {
    walk.end();
    await sigstore.close();
  });

  const [, walked = ""] = page.split(/^(?=## )/m);
  const sections = readWalk(walked);

  it("is there, from the keys to the root that ran out", () => {
    const steps = sections.flatMap((one) => one.steps);
    expect(sections.length).toBeGreaterThan(7);
    expect(steps.filter(({ kind }) => kind === "run").length).toBeGreaterThan(20);
    expect(steps.filter(({ kind }) => kind === "board").length).toBeGreaterThan(6);
  });

  it.each(sections.map(({ title, steps }) => [title, steps] as const))(
    "goes as the page says: %s",
    async (_, steps) => {
      for (const step of steps) {
        if (step.kind === "days") walk.aheadMs += step.days * 86_400_000;
        else if (step.kind === "board") {
          expect(await look(walk, step.board, step.expects), `${step.board} in the end`).toBe(step.expects);
        } else {
          const { status, printed } = await walk.run(step);
          if (!looksLike(printed, step.prints)) expect(printed, step.script).toBe(step.prints);
          expect(status, step.script).toBe(step.refuses ? 1 : 0);
        }
      }
    },
  );
});

describe("the reference", () => {
  it("names every verb of a publisher", () => {
    const program = readFileSync(join(ROOT, "agent", "main.ts"), "utf8");
    const verbs = [...program.matchAll(/^ {2}"(repo [a-z ]+)": \{/gm)].map(([, verb = ""]) => verb);
    expect(verbs.length).toBeGreaterThan(20);
    const [, reference = ""] = page.split("### Verbs");
    expect(verbs.filter((verb) => !new RegExp(`\`${verb}[\` ]`).test(reference))).toEqual([]);
  });
});

describe("what a page shows", () => {
  it.each([
    ["a\n", "a\n", true],
    ["a\nb\n", "a\n", false],
    ["key 12ab (anna)\n", "key … (anna)\n", true],
    ["key  (anna)\n", "key … (anna)\n", false],
    ["key 1\n2 (anna)\n", "key … (anna)\n", false],
    ["a\nb\nc\nd\n", "a\n[…]\nd\n", true],
    ["a\nd\n", "a\n[…]\nd\n", true],
    ["a\nb\n", "a\n[…]\nd\n", false],
    ["a\nd\n", "a\n…\nd\n", false],
    ["a.b\n", "a+b\n", false],
    ["axb\n", "a.b\n", false],
  ])("%j is told from what was printed by %j: %s", (printed, shown, same) => {
    expect(looksLike(printed, shown)).toBe(same);
  });

  it("names a laptop in every block", () => {
    expect(() => readWalk("## x\n\n```sh\nls\n```\n")).toThrow("names no laptop");
  });
});
