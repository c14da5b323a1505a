/** The handler of one job's function in `portico dev` on Lambda: its result tells what became of the message, too. */
import type { OpenStore } from "../store/store.ts";
import type { Outcome, RunnableJobs } from "./run.ts";
import { createJobsHandler, type JobsResult } from "./sqs-handler.ts";

/** The mapping's result, with the outcome for the line that dev prints. */
export interface DevJobsResult extends JobsResult {
  readonly outcome: Outcome;
}

/** The build of `portico dev` calls it. */
export const createDevJobsHandler =
  (jobs: RunnableJobs, store: OpenStore): ReturnType<typeof createJobsHandler> =>
  async (event, context) => {
    let outcome: Outcome | undefined;
    const result = await createJobsHandler(jobs, store, { onOutcome: (found) => (outcome = found) })(event, context);
    return { ...(result as JobsResult), outcome };
  };
