/** The name of the generated `portico/jobs`, which knows the names of an app's jobs. */

/** Among the generated modules of a build. */
export const jobsClientName = "jobs";
