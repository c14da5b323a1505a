/** Where the tests are, how long one may take, and the seed of the property tests. */
import { availableParallelism } from "node:os";
import { configDefaults, defineConfig } from "vitest/config";

const seed = process.env["PORTICO_SEED"] ?? String(Math.trunc(Math.random() * 2 ** 31));

export default defineConfig({
  test: {
    include: ["test/**/*.test.{ts,tsx}"],
    exclude: [...configDefaults.exclude, "**/.portico/**", "**/dist/**", "test/fixtures/**"],
    pool: "forks",
    // Most tests wait for processes and sockets; vitest would leave one of two cores idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // Functions log what they throw; that is worth reading only where a test failed.
    silent: "passed-only",
    // Tests start compilers, workerd and child processes on a machine of two cores that others use too.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    env: { PORTICO_SEED: seed },
    globalSetup: "test/setup/announce.ts",
    setupFiles: "test/setup/seed.ts",
    // `npm test` needs only npm; `npm run check` runs these too, and a missing program fails there.
    tags: [
      { name: "programs", description: "needs a program that npm does not bring" },
      { name: "full", description: "a full matrix of which npm test takes a sample", timeout: 600_000 },
    ],
  },
});
