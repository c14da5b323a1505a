/** What a deployer asks of the function that migrates from inside of a VPC, and its answers, as JSON. */
import { type At, UserError } from "../model/user-error.ts";
import type { MigrationFile } from "./migration-file.ts";
import type { ListedRelease, ReaderId } from "./readers.ts";
import type { MigrationEvent, RunnerOptions } from "./run-options.ts";
import type { Waiting } from "./runner.ts";

/** Another number is another language: a function of an earlier Portico refuses it. */
export const callVersion = 1;

/** A run's options; of applied files the SQL is left out. */
export type RunOrder = Pick<RunnerOptions, "release" | "which" | "planned"> & {
  readonly files: readonly MigrationFile[];
};

/** `begin` and then `run`, which is the one that is invoked asynchronously; `progress` until it has a result. */
export type MigrateQuestion =
  | { readonly ask: "look" }
  | { readonly ask: "begin"; readonly id: string; readonly who: string; readonly order: RunOrder }
  | { readonly ask: "run"; readonly id: string }
  | { readonly ask: "progress"; readonly id: string; readonly after: number }
  | { readonly ask: "admit"; readonly reader: ReaderId; readonly next: ListedRelease }
  | { readonly ask: "settle"; readonly reader: ReaderId; readonly release: number; readonly insteadOf?: number }
  | { readonly ask: "forget"; readonly reader: ReaderId };

/** An event of the function. */
export type MigrateCall = MigrateQuestion & {
  readonly migrate: number;
  /** The database's name in hosting.json, for messages. */
  readonly database: string;
  /** Comes with each call: the function holds no secret. */
  readonly url: string;
};

/** An error as JSON. */
export interface SentError {
  readonly code: string;
  readonly message: string;
  readonly fix: string;
  readonly at: readonly At[];
}

/** The function answers so, whatever happens: a failed invocation would be repeated by Lambda. */
export type MigrateAnswer<T = unknown> = { readonly value: T } | { readonly error: SentError };

/** Another run that has the database. */
export interface BegunRun {
  /** `shop at prod, release 7`; absent where the run is begun. */
  readonly busy?: string;
}

/** An event whose file is its name. */
export type SentEvent = WithName<MigrationEvent>;

type WithName<E> = E extends { readonly file: MigrationFile } ? Omit<E, "file"> & { readonly file: string } : never;

/** The result of a run by the names of its files. */
export interface SentResult {
  readonly applied: readonly string[];
  readonly waiting?: Omit<Waiting, "file"> & { readonly file: string };
}

/** How a run goes on. */
export interface RunProgress {
  /** Those after the ones that were read before. */
  readonly events: readonly SentEvent[];
  readonly answer?: MigrateAnswer<SentResult>;
  /** Nothing was heard of it for a minute: it ended, or never began. */
  readonly isLost: boolean;
}

/** An error for the way; what is no UserError is the server's. */
export function sentError(error: unknown, database: string): SentError {
  if (error instanceof UserError) {
    const { code, message, fix, at } = error;
    return { code, message, fix, at };
  }
  const { message, code } = error as NodeJS.ErrnoException;
  return {
    code: "DATABASE_REFUSED",
    message: `the database ${database} refused: ${message}${code === undefined ? "" : ` (${code})`}`,
    fix: "Correct the cause and run the command again: it goes on with what the ledger does not have.",
    at: [],
  };
}

/** The same on the other side. */
export const receivedError = ({ code, message, fix, at }: SentError): UserError =>
  new UserError(code, message, fix, { at });
