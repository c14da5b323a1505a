/** The store in SQLite: one text for Node's file and Cloudflare's D1; framework/model/store-schema.ts has the table. */
import { addable, type Engine, type Row } from "./engine.ts";
import type { resolveWrite } from "./lost-answer.ts";

/** A row of a result. */
export interface SqlRow {
  readonly k: string;
  readonly v: string | null;
  readonly c: number | null;
  readonly r: string;
  readonly x: number | null;
}

/** A statement with its parameters, `?1` first. */
export type SqlStatement = readonly [sql: string, params: readonly (string | number | null)[]];

/** Runs a read, or a write with others of its transaction. Resolves to the rows of the first. */
export type RunSql = (first: SqlStatement, ...others: readonly SqlStatement[]) => Promise<readonly SqlRow[]>;

const live = "(x IS NULL OR x>?3)";

const select = `SELECT k,v,c,r,x FROM store WHERE n=?1 AND ${live} AND `;

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
  const get = async (key: string): Promise<Row | undefined> => {
    const [row] = await run([selectOne, [n, key, Date.now()]]);
    return row && toRow(row);
  };
  const write = async (sql: string, { key, version }: Target, ...rest: SqlStatement[1]): Promise<Row | undefined> => {
    const now = Date.now();
    try {
      const params = [n, key, now, version ?? null, ...rest];
      return (await run([`${sql} RETURNING *`, params], [expired, [now]])).map(toRow)[0];
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
        ? write(`UPDATE store SET ${values} WHERE n=?1 AND k=?2 AND r=?8 AND ${live}`, row, ...columns(row), condition)
        : write(`${insert}${values}${condition === null ? " WHERE x<=?3" : ""}`, row, ...columns(row))));
    },
    delete: async (key, condition) => {
      const held = `(?5 IS NULL OR r=?5 AND ${live})`;
      // An absent entry does not tell: a request that is late may yet delete what is written meanwhile.
      const row = await write(`DELETE FROM store WHERE n=?1 AND k=?2 AND ${held}`, { key }, condition ?? null);
      return condition === undefined || !!row;
    },
    add: (row) =>
      write(
        `${insert}v=?5,c=iif(x<=?3,0,c)+?6,r=?4,x=iif(x<=?3,?7,coalesce(x,?7)) WHERE x<=?3 OR c BETWEEN ?8 AND ?9`,
        row,
        ...columns(row),
        ...addable(row.value),
      ),
    async *list(prefix, after, size) {
      // A byte that no UTF-8 has, and so the end of all keys with the prefix.
      const sql = `${select}k>=?2 AND k<?2||CAST(x'FF' AS TEXT) AND k>?4 ORDER BY k LIMIT ?5`;
      for (let last: string | undefined = after; last !== undefined;) {
        const rows: readonly SqlRow[] = await run([sql, [n, prefix, Date.now(), last, size]]);
        yield* rows.map(toRow);
        last = rows[size - 1]?.k;
      }
    },
  };
}

/** What a write is for; without a version no entry tells whether it happened. */
type Target = Pick<Row, "key"> & Partial<Row>;

const columns = ({ value, expires }: Row): SqlStatement[1] => [
  typeof value === "string" ? value : null,
  typeof value === "number" ? value : null,
  expires ?? null,
];

const toRow = ({ k, v, c, r, x }: SqlRow): Row => ({ key: k, value: v ?? c!, version: r, expires: x ?? undefined });
