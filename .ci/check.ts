/** `npm run check`: every gate in turn, each with its duration; exits 1 when one failed, and ends with the tests' count on a line of its own. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A gate: a program of node_modules/.bin and its words. */
interface Step {
  readonly name: string;
  readonly command: readonly [program: string, ...words: string[]];
}

/** What vitest's JSON report says, as far as it is read here. */
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

/** In the order of their speed. The tests run unfiltered: those that need programs beyond npm too; a missing program fails them. */
const steps: readonly Step[] = [
  { name: "types", command: ["tsc", "-p", "."] },
  { name: "lint", command: ["oxlint", "--deny-warnings"] },
  { name: "format", command: ["oxfmt", "--check"] },
  { name: "unused code and dependencies", command: ["knip"] },
  { name: "package", command: ["node", ".ci/build.ts"] },
  { name: "tests", command: ["vitest", "run", "--reporter=default", "--reporter=json", `--outputFile.json=${reportFile}`] },
];

/** Runs one gate with its output passed through; true when it held. */
function run({ name, command: [program, ...words] }: Step): boolean {
  process.stdout.write(`\n── ${name}: ${program} ${words.join(" ")}\n`);
  const started = performance.now();
  const bin = join(root, "node_modules", ".bin");
  // The PATH of npm scripts, so that this file does the same when it is run by itself.
  const env = { ...process.env, PATH: `${bin}${process.platform === "win32" ? ";" : ":"}${process.env["PATH"] ?? ""}` };
  const file = program === "node" ? process.execPath : program;
  const { status, error } = spawnSync(file, words, { cwd: root, env, stdio: "inherit", shell: process.platform === "win32" });
  if (error) process.stdout.write(`${String(error)}\n`);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`── ${name}: ${status === 0 ? "ok" : "FAILED"} in ${seconds} s\n`);
  return status === 0;
}

/** The ten slowest tests, slowest first. */
function slowest({ testResults }: TestReport): string[] {
  const all = testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ fullName, duration }) => ({ duration: duration ?? 0, test: `${name.replace(root, "")}: ${fullName}` })),
  );
  const slow = all.toSorted((one, other) => other.duration - one.duration).slice(0, 10);
  return slow.map(({ duration, test }) => `${(duration / 1000).toFixed(1).padStart(7)} s  ${test}`);
}

function report(): TestReport | undefined {
  return existsSync(reportFile) ? (JSON.parse(readFileSync(reportFile, "utf8")) as TestReport) : undefined;
}

mkdirSync(join(root, ".vitest"), { recursive: true });
rmSync(reportFile, { force: true });
const failed = steps.filter((step) => !run(step)).map(({ name }) => name);
const tests = report();
if (tests) process.stdout.write(`\nthe slowest tests:\n${slowest(tests).join("\n")}\n`);
process.stdout.write(failed.length ? `\nfailed: ${failed.join(", ")}\n` : "\nevery gate held\n");
// The form that this project's CI reads; tests that never ran count as one failure.
const { numPassedTests, numFailedTests, numPendingTests } = tests ?? { numPassedTests: 0, numFailedTests: 1, numPendingTests: 0 };
process.stdout.write(`${numPassedTests} passed, ${numFailedTests} failed${numPendingTests ? `, ${numPendingTests} skipped` : ""}\n`);
process.exitCode = failed.length ? 1 : 0;
