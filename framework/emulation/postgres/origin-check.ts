/** Whether a Postgres takes a connection with a user and a password, as Hyperdrive tries before it keeps them. */
import { findPg } from "./databases.ts";

/** A database, and who connects to it. */
export interface DatabaseOrigin {
  readonly scheme: string;
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
}

/** Why there is no connection. */
export type OriginFailure = "hostname" | "unreachable" | "refused" | "credentials" | "database" | "other";

/** Milliseconds to wait for a connection. */
const connectMs = 10_000;

/** The URL of an origin, as pg takes it. */
export function originUrl({ scheme, host, port, database, user, password }: DatabaseOrigin): string {
  const [name, secret, path] = [user, password, database].map(encodeURIComponent);
  return `${scheme}://${name}:${secret}@${host}:${port}/${path}`;
}

/**
 * Connects and sends an empty query. Undefined where that works, and where the folder has no `pg`: an app that uses
 * the database has it.
 * @param folder whose node_modules, or one above, has `pg`
 */
export async function checkOrigin(origin: DatabaseOrigin, folder: string): Promise<OriginFailure | undefined> {
  const pg = await findPg(folder);
  if (!pg) return undefined;
  const client = new pg.Client({ connectionString: originUrl(origin), connectionTimeoutMillis: connectMs });
  // A connection that is cut would end the process.
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query(";");
    return undefined;
  } catch (error) {
    return toFailure(error as { readonly code?: string });
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Of Node's codes and SQLSTATE (PostgreSQL documentation, appendix A). */
function toFailure({ code = "" }: { readonly code?: string }): OriginFailure {
  if (code === "ENOTFOUND") return "hostname";
  if (code === "ECONNREFUSED") return "refused";
  if (code === "28P01" || code === "28000") return "credentials";
  if (code === "3D000") return "database";
  return code.startsWith("E") || code === "" ? "unreachable" : "other";
}
