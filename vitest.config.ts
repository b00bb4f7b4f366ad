import { defineConfig } from "vitest/config";

/** They put something in a module's place, so they must be the first to load it. */
const MOCKED = ["test/unit/updater/file-source.test.ts"];

/** One project per promise: `npm test` runs all of them, other suites are commands of their own. */
export default defineConfig({
  test: {
    // One worker less than there are cores is the default, which on two cores is one after the other.
    maxWorkers: 2,
    projects: [
      { test: { name: "tidy", include: ["test/tidy.test.ts", "test/catalogue.test.ts"], testTimeout: 20_000 } },
      // Files share a process and what it has loaded: to load it for each would be a third of the time.
      {
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts"],
          exclude: MOCKED,
          testTimeout: 10_000,
          isolate: false,
        },
      },
      { test: { name: "unit-mocked", include: MOCKED, testTimeout: 10_000 } },
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
