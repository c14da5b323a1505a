/** A database that is asked through a function in its VPC, since nothing else reaches it. */
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { UserError } from "../model/user-error.ts";
import { compare } from "./ledger.ts";
import type { DatabaseState, MigratedDatabase } from "./migrated-database.ts";
import {
  type BegunRun,
  callVersion,
  type MigrateAnswer,
  type MigrateCall,
  type MigrateQuestion,
  receivedError,
  type RunOrder,
  type RunProgress,
  type SentResult,
} from "./migrate-call.ts";
import type { MigrationFile } from "./migration-file.ts";
import type { RunnerOptions } from "./run-options.ts";
import { planMigrations, type RunResult } from "./runner.ts";

/** The function, as somebody who may invoke it has it. */
export interface MigrateFunction {
  /** Throws UserError MIGRATE_FUNCTION_MISSING, MIGRATE_FUNCTION_FAILED. */
  ask(call: MigrateCall): Promise<MigrateAnswer>;
  /** Resolves once Lambda has the event. Throws the same. */
  start(call: MigrateCall): Promise<void>;
}

/** The database, and who asks. */
export interface CalledDatabase {
  /** As in hosting.json. */
  readonly name: string;
  readonly url: string;
  /** `shop at prod`: told to somebody who has to wait. */
  readonly who: string;
  /** Gets what is waited for, as a sentence. */
  readonly onWait: (text: string) => void;
  /** Default the machine's. */
  readonly sleep?: (milliseconds: number) => Promise<unknown>;
}

/** Bytes of a call's JSON, of Lambda's 6 MB for a synchronous invocation ("Lambda quotas"). */
const mostBytes = 6_000_000;
/** Milliseconds between two looks at a run, of which the first is soon. */
const [firstPause, longestPause] = [200, 2_000];
/** The longest that one call may find the readers locked: as long as a function runs. */
const busyAttempts = 225;

export function overFunction(fn: MigrateFunction, database: CalledDatabase): MigratedDatabase {
  const { name, url } = database;
  const callOf = (question: MigrateQuestion): MigrateCall => ({
    ...question,
    migrate: callVersion,
    database: name,
    url,
  });
  const ask = async <T>(question: MigrateQuestion): Promise<T> =>
    valueOf((await fn.ask(callOf(question))) as MigrateAnswer<T>);
  const change = <T>(question: MigrateQuestion): Promise<T> => whenFree(database, () => ask<T>(question));
  const look = (): Promise<DatabaseState> => ask({ ask: "look" });
  return {
    look,
    admit: (reader, next) => change({ ask: "admit", reader, next: { ...next, ...withoutSql(next) } }),
    settle: (reader, release, insteadOf) =>
      change({ ask: "settle", reader, release, ...(insteadOf !== undefined && { insteadOf }) }),
    forget: (reader) => change({ ask: "forget", reader }),
    async run(options) {
      const todo = await pendingOrder(options, look);
      if ("result" in todo) return todo.result;
      const id = await begin(database, (own) =>
        ask<BegunRun>({ ask: "begin", id: own, who: whoRuns(database, options), order: todo.order }),
      );
      await fn.start(callOf({ ask: "run", id }));
      return follow(options, database, (after) => ask<RunProgress>({ ask: "progress", id, after }));
    },
  };
}

function valueOf<T>(answer: MigrateAnswer<T>): T {
  if ("error" in answer) throw receivedError(answer.error);
  return answer.value;
}

/** A list of files is compared by names and hashes. */
const withoutSql = ({ files }: { readonly files?: readonly BareFile[] }) =>
  files && { files: files.map(({ name, kind, sha256 }) => ({ name, kind, sha256 })) };

type BareFile = Pick<MigrationFile, "name" | "kind" | "sha256">;

const whoRuns = ({ who }: CalledDatabase, { release }: RunnerOptions): string =>
  release === undefined ? who : `${who}, release ${release}`;

/** Nothing is begun where nothing would run. Throws what planning throws, and UserError MIGRATION_SIZE. */
async function pendingOrder(
  { files, which, release, planned }: RunnerOptions,
  look: () => Promise<DatabaseState>,
): Promise<{ readonly order: RunOrder } | { readonly result: RunResult }> {
  const { ledger, readers } = await look();
  const { runs: all, waiting } = planMigrations(compare(files, ledger), readers);
  const unplanned = planned ? all.findIndex(({ name }) => !planned.includes(name)) : -1;
  const runs = unplanned === -1 ? all : all.slice(0, unplanned);
  const [next] = runs;
  if (!next || (which === "contract" && next.kind !== "contract"))
    return { result: { applied: [], ...(waiting[0] && { waiting: waiting[0] }) } };
  const wanted = new Set(runs);
  const order = {
    which,
    files: files.map((file) => (wanted.has(file) ? file : { ...file, sql: "" })),
    // One that may run since this look has no text there.
    planned: runs.map(({ name }) => name),
    ...(release !== undefined && { release }),
  };
  requireSize(order, runs);
  return { order };
}

function requireSize(order: RunOrder, runs: readonly MigrationFile[]): void {
  const bytes = Buffer.byteLength(JSON.stringify(order));
  if (bytes <= mostBytes) return;
  throw new UserError(
    "MIGRATION_SIZE",
    `the files that are to run have ${(bytes / 1e6).toFixed(1)} MB together, and a function takes 6`,
    "Deploy with fewer of them first, or run them from a machine in the VPC, with PORTICO_MIGRATE_URL set.",
    { at: runs.map(({ file }) => ({ file })) },
  );
}

/** Waits for a run of somebody else, which ends or is given up within its function's 15 minutes. */
async function begin(
  { name, onWait, sleep = pause }: CalledDatabase,
  attempt: (id: string) => Promise<BegunRun>,
): Promise<string> {
  const id = randomUUID();
  for (let told: string | undefined; ;) {
    const { busy } = await attempt(id);
    if (busy === undefined) return id;
    if (busy !== told) onWait(`${busy} migrates the database ${name}; waiting`);
    told = busy;
    await sleep(longestPause);
  }
}

async function whenFree<T>({ onWait, sleep = pause }: CalledDatabase, attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof UserError) || error.code !== "READERS_BUSY" || tries === busyAttempts) throw error;
      if (tries === 1) onWait(`${error.message}; waiting`);
      await sleep(longestPause);
    }
  }
}

/** Tells what a run does until it has ended. Throws its error; UserError MIGRATION_CUT_OFF when it is not heard of. */
async function follow(
  { files, onEvent }: RunnerOptions,
  { name, sleep = pause }: CalledDatabase,
  read: (after: number) => Promise<RunProgress>,
): Promise<RunResult> {
  const named = new Map(files.map((file) => [file.name, file]));
  const fileOf = (file: string): MigrationFile => named.get(file)!;
  let wait = firstPause;
  for (let after = 0; ;) {
    const { events, answer, isLost } = await read(after);
    for (const event of events) onEvent({ ...event, file: fileOf(event.file) });
    after += events.length;
    if (answer) return toResult(valueOf(answer), fileOf);
    if (isLost) throw lost(name);
    wait = events.length > 0 ? firstPause : Math.min(wait * 2, longestPause);
    await sleep(wait);
  }
}

const toResult = ({ applied, waiting }: SentResult, fileOf: (name: string) => MigrationFile): RunResult => ({
  applied: applied.map(fileOf),
  ...(waiting && { waiting: { ...waiting, file: fileOf(waiting.file) } }),
});

const lost = (name: string): UserError =>
  new UserError(
    "MIGRATION_CUT_OFF",
    `nothing was heard for a minute of the function that migrates the database ${name}: it ended, or never began`,
    "Run the command again: it goes on with what the ledger does not have. Its output is in portico logs.",
  );
