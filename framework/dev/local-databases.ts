/** The databases of an app on this machine, where neither .env nor the environment has their URLs: a local Postgres. */
import { join } from "node:path";
import type { LocalPostgres } from "../emulation/postgres/local-postgres.ts";

/** Opened by the first database that needs it. */
export interface LocalDatabases {
  /** The URL of a database, which is made if it is missing. Rejects as `startLocalPostgres`. @param name its key */
  urlOf(name: string): Promise<string>;
  /** Leaves the local Postgres, if it was opened. */
  close(): Promise<void>;
}

/** Where an app's local Postgres is, relative to its root. */
export const postgresFolder = ".portico/postgres";

/** The name of a database on the local Postgres. @param name its key in hosting.json */
export const localName = (name: string): string => name.toLowerCase();

/** @param tell is told in one line of each database, with its password: for people who want to look into it */
export function openLocalDatabases(root: string, tell: (line: string) => void = () => {}): LocalDatabases {
  let started: Promise<LocalPostgres> | undefined;
  const urls = new Map<string, Promise<string>>();
  const start = async (): Promise<LocalPostgres> => {
    const { startLocalPostgres } = await import("../emulation/postgres/local-postgres.ts");
    return startLocalPostgres({ folder: join(root, postgresFolder), packageFolder: root });
  };
  const open = async (name: string): Promise<string> => {
    started ??= start();
    // The next call tries again.
    started.catch(() => (started = undefined));
    const postgres = await started;
    const { ensureDatabase } = await import("../emulation/postgres/databases.ts");
    await ensureDatabase(postgres, root, localName(name));
    tell(`database ${name}: a local Postgres in ${postgresFolder}, at ${postgres.url(localName(name))}`);
    return postgres.url(localName(name));
  };
  return {
    urlOf(name) {
      const url = urls.get(name) ?? open(name);
      urls.set(name, url);
      url.catch(() => urls.delete(name));
      return url;
    },
    close: async () => (await started?.catch(() => undefined))?.stop(),
  };
}
