/** Checks the files of jobs without running them, and the target that they are built for. */
import type { Job } from "../model/job.ts";
import type { Target } from "../model/target.ts";
import { UserError } from "../model/user-error.ts";
import { readExports } from "./route-exports.ts";

/**
 * Throws UserError JOB_EXPORT for a file without a default export.
 * @param root absolute path of the app
 */
export async function scanJobs(root: string, target: Target, jobs: readonly Job[]): Promise<void> {
  if (jobs.length === 0) return;
  const { exports } = await readExports(
    root,
    target,
    jobs.map(({ file }) => file),
  );
  for (const { file } of jobs) {
    if (exports.get(file)?.includes("default")) continue;
    throw new UserError(
      "JOB_EXPORT",
      `${file} has no default export`,
      "Export the job: export default (async (data, { id }) => { … }) satisfies Job<{ team: string }>;",
      { at: { file } },
    );
  }
}
