/** The services of AWS that an app under development on Lambda reaches: table, queue and bucket. */
import type { InvocationResult } from "../emulation/lambda/invocation.ts";
import type { LambdaEmulator } from "../emulation/lambda/emulator.ts";
import type { LocalQueue } from "../emulation/sqs/local-queue.ts";
import type { Emulator } from "../emulation/emulator.ts";
import type { App } from "../model/app.ts";
import type { LoadedFunction } from "../model/invocation.ts";
import { runActions, sendActions } from "../model/job-queue.ts";
import { type DeadJob, keepDeadJob } from "../features/jobs/dead-jobs.ts";
import { readAddress } from "./bucket-address.ts";
import { createDevBucket } from "./dev-bucket.ts";
import { lambdaFiles, lambdaPlace } from "./lambda-place.ts";
import { deadJobsIn } from "./local-store.ts";
import { withTable } from "./dev-table.ts";

/** What runs the jobs of an app on Lambda. */
export interface DevLambda {
  /** Opens the queue of the app's jobs when it is first asked for. Rejects with UserError QUEUE_FILE. */
  queue(): Promise<LocalQueue>;
  keepDead(dead: DeadJob): Promise<void>;
  /** Invokes the function that runs a job, with the permissions of such a function. */
  invokeJob(fn: LoadedFunction, event: object, requestId: string): Promise<InvocationResult>;
}

/**
 * The emulator, whose functions have the variables with which they reach what they need. Items, messages and
 * objects are kept in the app's data folder, and shared with other processes that serve the app.
 * @param onError gets failures of the services
 */
export function withLambdaServices(
  app: App,
  emulator: LambdaEmulator,
  onError: (error: unknown) => void,
): Emulator & { readonly lambda: DevLambda } {
  const address = readAddress(app);
  const { secret } = address;
  const withItems = withTable(app, emulator, onError, secret);
  const bucket = createDevBucket(app, onError, address);
  const { name } = lambdaPlace(app);
  let opened: Promise<LocalQueue> | undefined;
  const open = async (): Promise<LocalQueue> => {
    const { openLocalQueue } = await import("../emulation/sqs/local-queue.ts");
    return openLocalQueue({ ...lambdaPlace(app), file: lambdaFiles(app).messages, secret, onError });
  };
  const queue = (): Promise<LocalQueue> => {
    opened ??= open();
    // The next call tries again.
    opened.catch(() => (opened = undefined));
    return opened;
  };
  const withServices = async (fn: LoadedFunction, role: string, actions: readonly string[]) => {
    const cloudEnv = fn.needs?.includes("jobs") ? (await queue()).variables(fn.id, role, actions) : fn.cloudEnv;
    return withItems.withTable(await bucket.withBucket({ ...fn, ...(cloudEnv && { cloudEnv }) }, role), role);
  };
  return {
    ...emulator,
    invoke: async (fn, request, to) =>
      emulator.invoke(await withServices(fn, `${name}-send`, sendActions), request, to),
    lambda: {
      queue,
      keepDead: async (dead) => keepDeadJob(deadJobsIn(await withItems.openTable()), dead),
      invokeJob: async (fn, event, requestId) =>
        emulator.invokeEvent(await withServices(fn, `${name}-jobs`, runActions), event, requestId),
    },
    async close() {
      await withItems.close();
      await bucket.close();
      await (await opened)?.close();
    },
  };
}
