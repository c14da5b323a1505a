/** What migrations need of a connection to a database: pg's `Client` has it. One connection, never a pool. */

/** A row as pg gives it. */
export type Row = Readonly<Record<string, unknown>>;

/** One connection; transactions are several of its queries. */
export interface DatabaseClient {
  /** Statements that go with the beginning of each transaction. */
  readonly settings?: string;
  /**
   * Several statements in one text are one transaction, take no values, and have a list of results, which only their
   * caller knows.
   */
  query(text: string, values?: unknown[]): Promise<{ readonly rows: readonly Row[] }>;
}

/** SQLSTATE of an error of the server; undefined for one of the connection. */
export const sqlState = (error: unknown): string | undefined => {
  const { code } = error as { readonly code?: unknown };
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
};

/**
 * The connection is gone: ended by the server (classes 57P and 08, "Appendix A. PostgreSQL Error Codes"), or by the
 * network, of which pg tells in words.
 */
export function isCutOff(error: unknown): boolean {
  const state = sqlState(error);
  if (state !== undefined) return /^(57P|08)/.test(state);
  const { code, message } = error as NodeJS.ErrnoException;
  return code !== undefined ? /^E[A-Z]+$/.test(code) : /connection|not queryable/i.test(message);
}

/** Runs queries in a transaction, which is undone when one of them fails. */
export async function inTransaction<T>(client: DatabaseClient, work: () => Promise<T>): Promise<T> {
  await client.query(client.settings === undefined ? "begin" : `begin; ${client.settings}`);
  try {
    const result = await work();
    await client.query("commit");
    return result;
  } catch (error) {
    // Of a connection that is gone, nothing is left to undo.
    await client.query("rollback").catch(() => undefined);
    throw error;
  }
}
