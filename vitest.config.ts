import { defineConfig } from "vitest/config";

/** One project per promise: `npm test` runs all of them, other suites are commands of their own. */
export default defineConfig({
  test: {
    projects: [
      { test: { name: "tidy", include: ["test/tidy.test.ts", "test/catalogue.test.ts"], testTimeout: 20_000 } },
      { test: { name: "unit", include: ["test/unit/**/*.test.ts"], testTimeout: 10_000 } },
      { test: { name: "attacks", include: ["test/attacks/**/*.test.ts"], testTimeout: 20_000 } },
      { test: { name: "tpm", include: ["test/tpm/**/*.test.ts"], testTimeout: 60_000, hookTimeout: 60_000 } },
      {
        test: {
          name: "e2e-inprocess",
          include: ["test/e2e/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
