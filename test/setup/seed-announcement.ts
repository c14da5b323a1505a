/** Prints the seed of the property tests once per run, as the variable that repeats the run. */
import type { TestProject } from "vitest/node";

/** Called by vitest before the first test. */
export default function announce({ config }: TestProject): void {
  process.stdout.write(`property tests: PORTICO_SEED=${config.env["PORTICO_SEED"]}\n`);
}
