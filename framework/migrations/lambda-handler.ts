/** The handler of the function that migrates databases from inside of a VPC: one call, one answer, nothing kept. */
import { setTimeout as pause } from "node:timers/promises";
import { type ClientOptions, openConnection } from "../model/database-connection.ts";
import { UserError } from "../model/user-error.ts";
import { type DatabaseClient, sqlState } from "./database-client.ts";
import { overConnection } from "./migrated-database.ts";
import {
  type MigrateAnswer,
  type MigrateCall,
  callVersion,
  type RunOrder,
  sentError,
  type SentEvent,
  type SentResult,
} from "./migrate-call.ts";
import { beginRun, endRun, readRun, reportRun, startRun } from "./migrate-runs.ts";
import type { MigrationEvent } from "./run-options.ts";

/** pg's Client, as far as it is used. */
export interface MigrateClient extends DatabaseClient {
  connect(): Promise<unknown>;
  end(): Promise<void>;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** The app's own class of it. */
export type MigrateClientClass = new (options: ClientOptions) => MigrateClient;

/** What is used of Lambda's context. */
interface LambdaContext {
  getRemainingTimeInMillis(): number;
}

/** A call, or the question of a release for the build. */
type MigrateEvent = MigrateCall | { readonly migrate?: undefined };

/** Between two signs of life of a run. */
const reportMs = 10_000;
/** Kept of the function's time for undoing a file and for saying so. */
const reserveMs = 20_000;

/** The build calls it with the app's own pg. */
export function createMigrateHandler(
  Client: MigrateClientClass,
): (event: MigrateEvent, context: LambdaContext) => Promise<unknown> {
  return async (event, context) => {
    // As the handlers of routes do: a release checks the function's build.
    if (event.migrate === undefined)
      return {
        statusCode: 200,
        body: process.getBuiltinModule("fs").readFileSync(`${import.meta.dirname}/build`, "utf8"),
      };
    try {
      return { value: await answer(Client, event, context) } satisfies MigrateAnswer;
    } catch (error) {
      return { error: sentError(error, event.database) } satisfies MigrateAnswer;
    }
  };
}

async function answer(Client: MigrateClientClass, call: MigrateCall, context: LambdaContext): Promise<unknown> {
  if (call.migrate !== callVersion)
    throw new UserError(
      "MIGRATE_FUNCTION_OLD",
      "the function that migrates is of another version of Portico",
      "Run portico deploy, which replaces it.",
    );
  const open = (): Promise<MigrateClient> => connect(Client, call);
  if (call.ask === "run") return runWith(open, call, context);
  const client = await open();
  try {
    return await ask(boundedLocks(client), call);
  } finally {
    await client.end().catch(() => undefined);
  }
}

const connect = (Client: MigrateClientClass, { database, url }: MigrateCall): Promise<MigrateClient> =>
  openConnection(Client, {
    name: database,
    url,
    from: "the VPC",
    fix: 'Let the security groups of "vpc" in hosting.json reach it, or correct the secret of its URL.',
  });

/** The deployer waits for these; what holds the readers for long is a contract file that runs. */
function ask(client: DatabaseClient, call: Exclude<MigrateCall, { readonly ask: "run" }>): Promise<unknown> {
  const database = overConnection(client);
  if (call.ask === "look") return database.look();
  if (call.ask === "begin") return beginRun(client, call.id, call.who, call.order);
  if (call.ask === "progress") return readRun(client, call.id, call.after);
  const asked =
    call.ask === "admit"
      ? database.admit(call.reader, call.next)
      : call.ask === "settle"
        ? database.settle(call.reader, call.release, call.insteadOf)
        : database.forget(call.reader);
  return asked.catch((cause: unknown) => {
    if (sqlState(cause) !== "55P03") throw cause;
    throw new UserError(
      "READERS_BUSY",
      `a migration that takes something away runs on ${call.database}, and nothing may move meanwhile`,
      "Run the command again when it has ended: portico migrate status",
      { cause },
    );
  });
}

/** A lock is waited for two seconds: an invocation that nobody waits for any more would act later. */
const boundedLocks = (client: DatabaseClient): DatabaseClient => ({
  settings: "set local lock_timeout = '2s'",
  query: (text, values) => client.query(text, values),
});

type RunCall = Extract<MigrateCall, { readonly ask: "run" }>;

/** Two connections: what a run tells must be seen before its transaction ends. */
async function runWith(open: () => Promise<MigrateClient>, { id, database }: RunCall, context: LambdaContext) {
  const log = await open();
  try {
    const order = await startRun(log, id);
    if (!order) return undefined;
    const reports = startReports(log, id);
    const ended = await runOrder(open, order, { context, onEvent: reports.add }).then(
      (value): MigrateAnswer<SentResult> => ({ value }),
      (error: unknown): MigrateAnswer<SentResult> => ({ error: sentError(error, database) }),
    );
    await reports.stop();
    await endRun(log, id, ended).catch(() => endAnew(open, id, ended));
    return undefined;
  } finally {
    await log.end().catch(() => undefined);
  }
}

/** Where the connection of the reports was cut meanwhile. */
async function endAnew(
  open: () => Promise<MigrateClient>,
  id: string,
  ended: MigrateAnswer<SentResult>,
): Promise<void> {
  const client = await open();
  await endRun(client, id, ended).finally(() => client.end());
}

interface Running {
  readonly context: LambdaContext;
  readonly onEvent: (event: SentEvent) => void;
}

async function runOrder(
  open: () => Promise<MigrateClient>,
  order: RunOrder,
  { context, onEvent }: Running,
): Promise<SentResult> {
  const client = await open();
  let limit: TimeLimit | undefined;
  try {
    const { signal } = (limit = await limitTime(open, client, context.getRemainingTimeInMillis() - reserveMs));
    const { applied, waiting } = await overConnection(client).run({
      ...order,
      sleep: (milliseconds) => pause(milliseconds, undefined, { signal }).catch(() => signal.throwIfAborted()),
      onEvent: (event: MigrationEvent) => {
        if (event.step === "run") signal.throwIfAborted();
        onEvent({ ...event, file: event.file.name });
      },
    });
    const names = applied.map(({ name }) => name);
    return { applied: names, ...(waiting && { waiting: { ...waiting, file: waiting.file.name } }) };
  } catch (error) {
    throw limit?.signal.aborted ? tooLong(error) : error;
  } finally {
    limit?.clear();
    await client.end().catch(() => undefined);
  }
}

interface TimeLimit {
  /** Aborted when the time is over. */
  readonly signal: AbortSignal;
  clear(): void;
}

/**
 * The server undoes what runs: a function that is ended by Lambda leaves a statement that nobody waits for. A run that
 * waits, which the server has nothing of, sees the signal.
 */
async function limitTime(
  open: () => Promise<MigrateClient>,
  client: MigrateClient,
  milliseconds: number,
): Promise<TimeLimit> {
  const { rows } = await client.query("select pg_backend_pid() as pid");
  const over = new AbortController();
  const cancel = async (): Promise<void> => {
    over.abort(new Error("the next attempt was not begun"));
    const other = await open();
    await other.query("select pg_cancel_backend($1)", [rows[0]?.["pid"]]).finally(() => other.end());
  };
  const timer = setTimeout(() => void cancel().catch(() => undefined), milliseconds);
  return { signal: over.signal, clear: () => clearTimeout(timer) };
}

const tooLong = (cause: unknown): UserError =>
  new UserError(
    "MIGRATION_TOO_LONG",
    `the function that migrates has 15 minutes, and they were over: ${(cause as Error).message}`,
    "Run the command again: it goes on with what the ledger does not have. A file that alone takes so long runs from " +
      "a machine in the VPC, with PORTICO_MIGRATE_URL set.",
    { cause },
  );

/** Writes one report after the other; a failed one is seen by nobody, and the run goes on. */
function startReports(log: DatabaseClient, id: string) {
  let last: Promise<unknown> = Promise.resolve();
  const report = (events: readonly SentEvent[]): void => {
    last = last.then(() => reportRun(log, id, events)).catch(() => undefined);
  };
  const timer = setInterval(() => report([]), reportMs);
  return {
    add: (event: SentEvent) => report([event]),
    async stop(): Promise<void> {
      clearInterval(timer);
      await last;
    },
  };
}
