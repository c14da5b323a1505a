/** The handlers of a Worker that runs its app's jobs: `queue` takes a message, `scheduled` is the clock. */
import { reportError } from "../../runtime/error-response.ts";
import type { Call, Env } from "../../runtime/handler.ts";
import type { BuiltJobs } from "./built-jobs.ts";
import { messageOf } from "./message.ts";
import { sendToQueue } from "./workers.ts";

/** A message as workerd gives it (developers.cloudflare.com/queues/configuration/javascript-apis, "Message"). */
interface QueuedMessage {
  readonly body: unknown;
  /** From 1. */
  readonly attempts: number;
  ack(): void;
  retry(options: { readonly delaySeconds: number }): void;
}

type Bindings = Readonly<Record<string, unknown>>;

/** The execution context of workerd. */
type WorkersContext = Pick<Call, "waitUntil">;

/** The handlers. */
export interface JobHandlers {
  queue(batch: { readonly messages: readonly QueuedMessage[] }, env: Bindings, context: WorkersContext): Promise<void>;
  /** Sends what is due; nothing goes through the queue in other minutes, since each message costs. */
  scheduled(event: { readonly scheduledTime: number }, env: Bindings, context: WorkersContext): Promise<void>;
}

const minute = 60_000;

/** Seconds after which a message comes again whose outcome could not be kept. */
const again = 60;

/**
 * The build joins them with the Worker's `fetch`.
 * @param load imports the build's module of jobs when it is first needed
 * @param names of the env, secrets and bindings that jobs may read
 * @param hasClock whether schedules run
 */
export function jobHandlers(
  load: () => Promise<{ readonly default: BuiltJobs }>,
  names: readonly string[],
  hasClock: boolean,
): JobHandlers {
  const toCall = (all: Bindings, context: WorkersContext): Pick<Call, "env" | "platform" | "waitUntil"> => ({
    env: Object.fromEntries(names.map((name) => [name, all[name]])) as Env,
    platform: { name: "workers", env: all, context, cf: undefined },
    waitUntil: (promise) => context.waitUntil(promise),
  });
  return {
    async queue({ messages }, all, context) {
      const { default: jobs } = await load();
      const call = toCall(all, context);
      // A batch is one message, by the consumer's settings.
      await Promise.all(messages.map((message) => take(jobs, message, call)));
    },
    async scheduled({ scheduledTime }, all, context) {
      if (!hasClock) return;
      const { default: jobs } = await load();
      const { platform } = toCall(all, context);
      // A trigger may come seconds after its minute began.
      const due = jobs.ticksAt(Math.floor(scheduledTime / minute) * minute);
      await Promise.all(due.map((body) => sendToQueue(platform, body, 0)));
    },
  };
}

async function take(
  jobs: BuiltJobs,
  message: QueuedMessage,
  call: Pick<Call, "env" | "platform" | "waitUntil">,
): Promise<void> {
  const body = String(message.body);
  const outcome = await jobs.run({ body, attempt: message.attempts }, { call });
  try {
    // What has to be somewhere else before the message is given up.
    if (outcome.type === "dead") await jobs.keepDead(outcome.dead, call);
    if (outcome.type === "wait") await sendToQueue(call.platform, outcome.body, outcome.after);
  } catch (error) {
    reportError(error, messageOf(body).id);
    return message.retry({ delaySeconds: again });
  }
  if (outcome.type === "retry") message.retry({ delaySeconds: outcome.after });
  else message.ack();
}
