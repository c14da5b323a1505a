/** The store in SQLite: one text for Node's file and Cloudflare's D1; framework/model/store-schema.ts has the table. */
import type { Engine, Row } from "./engine.ts";
import type { resolveWrite } from "./lost-answer.ts";

/** A statement with its parameters, `?1` first. */
export type SqlStatement = readonly [sql: string, params: readonly (string | number | null)[]];

/** Runs a read, or a write with others of its transaction. Resolves to the rows of the first. */
export type RunSql = (first: SqlStatement, ...others: readonly SqlStatement[]) => Promise<readonly Row[]>;

const live = "(x IS NULL OR x>?3)";

/** A row of each result. Where results have no names, the order tells which field is which. */
const fields = "k AS key,coalesce(v,c)AS value,r AS version,x AS expires";

const select = `SELECT ${fields} FROM store WHERE n=?1 AND ${live} AND `;

/** A text that is not put together for each call: its statement is found by it. */
const selectOne = `${select}k=?2`;

const insert = "INSERT INTO store(n,k,v,c,r,x)VALUES(?1,?2,?5,?6,?4,?7)ON CONFLICT(n,k)DO UPDATE SET ";

/** Deletes up to ten expired rows of any namespace; each write does. */
const expired = "DELETE FROM store WHERE (n,k) IN (SELECT n,k FROM store WHERE x<=?1 LIMIT 10)";

/**
 * The operations on a namespace. `?1` is the namespace, `?2` the key, `?3` the time, of a write `?4` the new version.
 * @param resolve what a write did that failed, where answers can be lost
 */
export function createSqlEngine(run: RunSql, n: string, resolve?: typeof resolveWrite): Engine {
  const get = async (key: string): Promise<Row | undefined> => (await run([selectOne, [n, key, Date.now()]]))[0];
  const write = async (
    sql: string,
    { key, value, version, expires }: Target,
    ...rest: SqlStatement[1]
  ): Promise<Row | undefined> => {
    const now = Date.now();
    const [v, c] = typeof value === "number" ? [null, value] : [value ?? null, null];
    try {
      const params = [n, key, now, version ?? null, v, c, expires ?? null, ...rest];
      return (await run([`${sql} RETURNING ${fields}`, params], [expired, [now]]))[0];
    } catch (cause) {
      if (!resolve) throw cause;
      return resolve(() => get(key), version, cause);
    }
  };
  return {
    get,
    set: async (row, condition) => {
      const values = "v=?5,c=?6,r=?4,x=?7";
      return !!(await (typeof condition === "string"
        ? write(`UPDATE store SET ${values} WHERE n=?1 AND k=?2 AND r=?8 AND ${live}`, row, condition)
        : write(`${insert}${values}${condition === null ? " WHERE x<=?3" : ""}`, row)));
    },
    delete: async (key, condition) => {
      const held = `(?8 IS NULL OR r=?8 AND ${live})`;
      // An absent entry does not tell: a request that is late may yet delete what is written meanwhile.
      const row = await write(`DELETE FROM store WHERE n=?1 AND k=?2 AND ${held}`, { key }, condition ?? null);
      return condition === undefined || !!row;
    },
    add: (row) =>
      write(
        `${insert}v=?5,c=iif(x<=?3,0,c)+?6,r=?4,x=iif(x<=?3,?7,coalesce(x,?7)) WHERE x<=?3 OR abs(c+?6)<1<<53`,
        row,
      ),
    async *list(prefix, after, size) {
      // A byte that no UTF-8 has, and so the end of all keys with the prefix.
      const sql = `${select}k>=?2 AND k<?2||CAST(x'FF' AS TEXT) AND k>?4 ORDER BY k LIMIT ?5`;
      for (let last: string | undefined = after; last !== undefined;) {
        const rows: readonly Row[] = await run([sql, [n, prefix, Date.now(), last, size]]);
        yield* rows;
        last = rows[size - 1]?.key;
      }
    },
  };
}

/** What a write is for; without a version no entry tells whether it happened. */
type Target = Pick<Row, "key"> & Partial<Row>;
