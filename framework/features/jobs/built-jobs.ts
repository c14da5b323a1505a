/** The jobs of a build as one module, which the engine of a queue runs. */
import type { OpenStore, StoreContext } from "../store/store.ts";
import { type DeadJob, keepDeadJob } from "./dead-jobs.ts";
import { type Delivery, type Outcome, type RunnableJobs, runJob, type RunOptions } from "./run.ts";
import { ticksAt } from "./ticks.ts";

/** The default export of a build's module of jobs. */
export interface BuiltJobs {
  run(delivery: Delivery, options: RunOptions): Promise<Outcome>;
  /** The messages that the clock sends at a minute. @param at epoch milliseconds */
  ticksAt(at: number): readonly string[];
  keepDead(dead: DeadJob, context: StoreContext): Promise<void>;
}

/** The build calls it with the table of its jobs and the store of its target. */
export const createJobs = (jobs: RunnableJobs, store: OpenStore): BuiltJobs => ({
  run: (delivery, options) => runJob(jobs, delivery, options),
  ticksAt: (at) => ticksAt(jobs, at),
  keepDead: (dead, context) => keepDeadJob({ store, context }, dead),
});
