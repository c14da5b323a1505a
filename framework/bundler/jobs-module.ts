/** The name of the generated `portico/jobs`, and the error where a target has no queue. */
import type { Target } from "../model/target.ts";
import { UserError } from "../model/user-error.ts";

/** The generated module that knows the names of the build's jobs, among the generated modules of a build. */
export const jobsClientName = "jobs";

/** For what needs a queue on a target that has none yet. */
export const jobsTargetError = (target: Target): UserError =>
  new UserError(
    "JOBS_TARGET",
    `a build for ${target} cannot have jobs yet; portico dev runs them`,
    'Build the app for node or workers ("target" in hosting.json), or move functions/_jobs and the imports of ' +
      "portico/jobs out of it.",
  );
