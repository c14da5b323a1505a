/**
 * `npm run check`: runs every gate in turn, prints each one's duration and the test counts, and exits 1 when one
 * failed.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A gate: a program of node_modules/.bin and its arguments. */
interface Gate {
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
}

/** The fields of vitest's JSON report that are read here. */
interface TestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly duration?: number | null }[];
  }[];
}

const root = fileURLToPath(new URL("..", import.meta.url));
const reportFile = join(root, ".vitest", "check.json");

/**
 * In order of speed. All tests run, including those that need programs other than npm's; a missing program fails them.
 */
const gates: readonly Gate[] = [
  { name: "types", command: ["tsc", "-p", "."] },
  { name: "lint", command: ["oxlint", "--deny-warnings"] },
  { name: "format", command: ["oxfmt", "--check"] },
  { name: "unused code and dependencies", command: ["knip"] },
  { name: "package", command: ["node", ".ci/build.ts"] },
  {
    name: "tests",
    command: ["vitest", "run", "--reporter=default", "--reporter=json", `--outputFile.json=${reportFile}`],
  },
];

/** Runs one gate and passes its output through; true when it succeeded. */
function run({ name, command: [program, ...args] }: Gate): boolean {
  process.stdout.write(`\n── ${name}: ${program} ${args.join(" ")}\n`);
  const started = performance.now();
  const bin = join(root, "node_modules", ".bin");
  // The PATH of npm scripts, so that this file behaves the same without npm.
  const env = { ...process.env, PATH: `${bin}${process.platform === "win32" ? ";" : ":"}${process.env["PATH"] ?? ""}` };
  const file = program === "node" ? process.execPath : program;
  const { status, error } = spawnSync(file, args, {
    cwd: root,
    env,
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  if (error) process.stdout.write(`${String(error)}\n`);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`── ${name}: ${status === 0 ? "ok" : "FAILED"} in ${seconds} s\n`);
  return status === 0;
}

/** The ten slowest tests, slowest first. */
function slowest({ testResults }: TestReport): string[] {
  const all = testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ fullName, duration }) => ({
      duration: duration ?? 0,
      test: `${name.replace(root, "")}: ${fullName}`,
    })),
  );
  const slow = all.toSorted((one, other) => other.duration - one.duration).slice(0, 10);
  return slow.map(({ duration, test }) => `${(duration / 1000).toFixed(1).padStart(7)} s  ${test}`);
}

function report(): TestReport | undefined {
  return existsSync(reportFile) ? (JSON.parse(readFileSync(reportFile, "utf8")) as TestReport) : undefined;
}

mkdirSync(join(root, ".vitest"), { recursive: true });
rmSync(reportFile, { force: true });
const failed = gates.filter((gate) => !run(gate)).map(({ name }) => name);
const tests = report();
if (tests) process.stdout.write(`\nthe slowest tests:\n${slowest(tests).join("\n")}\n`);
process.stdout.write(failed.length ? `\nfailed: ${failed.join(", ")}\n` : "\nevery gate passed\n");
// The format that this project's CI reads; tests that did not run count as one failure.
const { numPassedTests, numFailedTests, numPendingTests } = tests ?? {
  numPassedTests: 0,
  numFailedTests: 1,
  numPendingTests: 0,
};
process.stdout.write(
  `${numPassedTests} passed, ${numFailedTests} failed${numPendingTests ? `, ${numPendingTests} skipped` : ""}\n`,
);
process.exitCode = failed.length ? 1 : 0;
