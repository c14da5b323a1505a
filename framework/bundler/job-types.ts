/** The types of an app's jobs, as a declaration that `tsconfig.json` includes: `.portico/types/jobs.d.ts`. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Job } from "../model/job.ts";

/** Writes the declaration where it changed, and removes it where there are no jobs. @param root absolute */
export function writeJobTypes(root: string, jobs: readonly Job[]): void {
  const file = join(root, ".portico/types/jobs.d.ts");
  if (jobs.length === 0) return rmSync(file, { force: true });
  const text = jobTypes(jobs);
  if (textOf(file) === text) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** A job's data are the first parameter of its function. */
const jobTypes = (jobs: readonly Job[]): string =>
  [
    "// Written by portico dev and portico build: the names and data of the jobs in functions/_jobs.",
    `import type { JobData } from "portico/jobs";`,
    `declare module "portico/jobs" {`,
    "  interface Jobs {",
    ...jobs.map(({ name, file }) => `    "${name}": JobData<typeof import("../../${file}").default>;`),
    "  }",
    "}",
    "",
  ].join("\n");

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
