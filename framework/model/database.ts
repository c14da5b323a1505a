/** A database of an app, as hosting.json describes it. */

/** Where migrations are when a database does not say so, relative to the app's root. */
export const migrationsFolder = "migrations";

/** A Postgres database. Its name is that of `context.env`, which has its URL as `connectionString`. */
export interface Database {
  readonly dialect: "postgres";
  /** The secret that has its URL, `postgres://user:password@host:port/name`. */
  readonly url: string;
  /** The folder of its migrations, relative to the app's root. */
  readonly migrations: string;
  /** Other apps and stages may read it. */
  readonly shared?: true;
  /** Each stage that hosting.json does not name has a database of its own on the server of the stage `preview`. */
  readonly preview?: "database";
}

/** The names of databases with those of the secrets of their URLs; undefined without any. */
export const databaseUrls = (
  databases: Readonly<Record<string, Database>> | undefined,
): Readonly<Record<string, string>> | undefined =>
  databases && Object.fromEntries(Object.entries(databases).map(([name, { url }]) => [name, url]));

/** True for an app that has any. */
export const hasDatabases = ({ databases }: { readonly databases?: Readonly<Record<string, Database>> }): boolean =>
  Object.keys(databases ?? {}).length > 0;

/** The id of the function that migrates databases from inside of a VPC; no route's begins with `_`. */
export const migrateFunctionId = "_migrate";

/** True for an app whose databases may be in a VPC, which a deployer does not reach. */
export const hasMigrateFunction = (
  app: Parameters<typeof hasDatabases>[0] & { readonly lambda: { readonly vpc?: unknown } },
): boolean => hasDatabases(app) && app.lambda.vpc !== undefined;
