/** docs/attesting.md: every block that names a laptop prints what the page shows, and the page names every verb. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSigstore } from "../fakes/sigstore.ts";
import { ROOT } from "../tree.ts";
import { looksLike, readWalk, startWalk, type Walk } from "./walk.ts";

const page = readFileSync(join(ROOT, "docs", "attesting.md"), "utf8");
const CI = { issuer: "https://ci.example", subject: "https://git.example/acme/release.yml" };

describe("attesting a release", () => {
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

  const sections = readWalk(page);

  it("is there, from provenance to a summary", () => {
    expect(sections.map((one) => one.title)).toEqual(["A release and its evidence", "Judged once, for many"]);
    expect(sections.flatMap((one) => one.steps).length).toBe(8);
  });

  it.each(sections.map(({ title, steps }) => [title, steps] as const))(
    "goes as the page says: %s",
    async (_, steps) => {
      for (const step of steps) {
        if (step.kind !== "run") expect.fail(`no step of this page is a ${step.kind}`);
        const { status, printed } = await walk.run(step);
        if (!looksLike(printed, step.prints)) expect(printed, step.script).toBe(step.prints);
        expect(status, step.script).toBe(step.refuses ? 1 : 0);
      }
    },
  );

  it("names every verb of attest", () => {
    const program = readFileSync(join(ROOT, "agent", "main.ts"), "utf8");
    const verbs = [...program.matchAll(/^ {2}"(attest [a-z]+)": \{/gm)].map(([, verb = ""]) => verb);
    expect(verbs.length).toBe(6);
    const [, reference = ""] = page.split("## Verbs");
    expect(verbs.filter((verb) => !new RegExp(`\`${verb}[\` ]`).test(reference))).toEqual([]);
  });
});
