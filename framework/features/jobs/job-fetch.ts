/** A job as a function of `portico dev`: a message comes as a request, and what becomes of it is the response. */
import type { Fetch } from "../../runtime/route-function.ts";
import { type Delivery, type RunnableJobs, runJob } from "./run.ts";

/** The request's body is a `Delivery` as JSON, the response's an `Outcome`. */
export const jobFetch =
  (jobs: RunnableJobs): Fetch =>
  async (request, call) =>
    Response.json(await runJob(jobs, (await request.json()) as Delivery, { call }));
