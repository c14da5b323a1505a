/** The lines of generated modules that put an app's databases into the contexts of its routes and jobs. */

/** Names of secrets by those of databases; undefined for an app without databases. */
export type DatabaseUrls = Readonly<Record<string, string>> | undefined;

const module = "portico/features/postgres/with-databases";

/** Of a route. @param isApp whether its default export is an app */
export const databaseImports = (urls: DatabaseUrls, isApp: boolean): readonly string[] => [
  ...(urls ? [`import { withDatabases } from "${module}";`] : []),
  ...(urls && isApp ? [`import { withDatabaseErrors } from "${module}";`] : []),
];

/** A route's handler as an expression. */
export const withDatabases = (urls: DatabaseUrls, handler: string): string =>
  urls ? `withDatabases(${JSON.stringify(urls)}, ${handler})` : handler;

/** A route's app as an expression. */
export const withDatabaseErrors = (urls: DatabaseUrls, app: string): string =>
  urls ? `withDatabaseErrors(${app})` : app;

/** The table of jobs as an expression, and its imports. */
export const jobTable = (
  urls: DatabaseUrls,
  entries: string,
): { readonly imports: readonly string[]; readonly table: string } => {
  const table = `{ __proto__: null, ${entries} }`;
  if (!urls) return { imports: [], table };
  return {
    imports: [`import { withJobDatabases } from "${module}";`],
    table: `withJobDatabases(${JSON.stringify(urls)}, ${table})`,
  };
};
