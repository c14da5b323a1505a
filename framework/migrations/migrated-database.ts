/** What releases and `portico migrate` ask of a database, wherever the connection to it is. */
import type { DatabaseClient } from "./database-client.ts";
import { type LedgerRow, readLedger } from "./ledger.ts";
import {
  admitRelease,
  forgetReader,
  type ListedRelease,
  type Reader,
  type ReaderId,
  readReaders,
  settleReader,
} from "./readers.ts";
import type { RunnerOptions } from "./run-options.ts";
import { runMigrations, type RunResult } from "./runner.ts";

/** What a database has. */
export interface DatabaseState {
  readonly ledger: readonly LedgerRow[];
  readonly readers: readonly Reader[];
}

/** Each verb may be repeated after it failed half way; errors are those of the functions that it stands for. */
export interface MigratedDatabase {
  look(): Promise<DatabaseState>;
  run(options: RunnerOptions): Promise<RunResult>;
  admit(id: ReaderId, next: ListedRelease): Promise<void>;
  /** @param insteadOf the release that was let in, and lost its traffic to this one */
  settle(id: ReaderId, release: number, insteadOf?: number): Promise<void>;
  /** False where there was no such reader. */
  forget(id: ReaderId): Promise<boolean>;
}

/** By a connection of this process. */
export const overConnection = (client: DatabaseClient): MigratedDatabase => ({
  look: async () => ({ readers: await readReaders(client), ledger: await readLedger(client) }),
  run: (options) => runMigrations(client, options),
  admit: (id, next) => admitRelease(client, id, next),
  settle: (id, release, insteadOf) => settleReader(client, id, release, insteadOf),
  forget: (id) => forgetReader(client, id),
});
