/**
 * Where the tests are, which of them `npm test` runs, which have a process of their own, how long one may hang, and the
 * seed of the property tests.
 */
import { globSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { configDefaults, defineConfig, type Plugin } from "vitest/config";
import { portico } from "./framework/node/vitest.ts";
import { LongestFirst } from "./test/setup/longest-first.ts";

const seed = process.env["PORTICO_SEED"] ?? String(Math.trunc(Math.random() * 2 ** 31));
const include = ["test/**/*.test.ts"];
const exclude = [...configDefaults.exclude, "**/.portico/**", "**/dist/**", "test/fixtures/**"];

/** The files that carry the tag, as `// @module-tag NAME`: all of a file is in one project. */
const tagged = (tag: string): string[] =>
  globSync(include, { cwd: import.meta.dirname, exclude })
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) =>
      new RegExp(`^// @module-tag ${tag}$`, "m").test(readFileSync(new URL(file, import.meta.url), "utf8")),
    );

const check = tagged("check");
const isolated = tagged("isolated").filter((file) => !check.includes(file));

// A guard against a test that hangs, not a limit of speed: tests start compilers, workerd and child processes on
// machines that others use too.
const hang = 300_000;

/** The maps of built apps name modules of Portico that are no files there, of which Vite warns 500 times in a run. */
const withoutMissingSources: Plugin = {
  name: "without-missing-sources",
  configResolved({ logger }) {
    const { warnOnce } = logger;
    logger.warnOnce = (text, options) => {
      if (!text.endsWith("points to missing source files")) warnOnce(text, options);
    };
  },
};

export default defineConfig({
  // Tests of the reference app's files import its templates.
  plugins: [portico(), withoutMissingSources],
  test: {
    pool: "forks",
    // Most tests wait for processes and sockets; with a worker per core, a fifth of the computing time stays idle.
    maxWorkers: availableParallelism() + 1,
    // Functions log what they throw; that is worth reading only where a test failed.
    silent: "passed-only",
    testTimeout: hang,
    hookTimeout: hang,
    expect: { poll: { timeout: hang - 10_000, interval: 20 } },
    env: { PORTICO_SEED: seed },
    globalSetup: "test/setup/seed-announcement.ts",
    setupFiles: "test/setup/seed.ts",
    sequence: { sequencer: LongestFirst },
    // docs/tests.md says what they are for.
    tags: [
      { name: "check", description: "runs in npm run check alone", timeout: 4 * hang },
      {
        name: "isolated",
        description: "changes or counts what a process has: its environment, globals, files, children",
      },
    ],
    projects: [
      {
        extends: true,
        test: {
          name: "shared",
          include,
          exclude: [...exclude, ...isolated, ...check],
          isolate: false,
          setupFiles: ["test/setup/seed.ts", "test/setup/globals.ts"],
        },
      },
      { extends: true, test: { name: "isolated", include: isolated } },
      { extends: true, test: { name: "check", include: check } },
    ],
  },
});
