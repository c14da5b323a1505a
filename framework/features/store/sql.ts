/** The store in SQLite: one text for Node's file and Cloudflare's D1; framework/model/store-schema.ts has the table. */
import { addable, type Engine, type Row } from "./engine.ts";

/** A row of a result. */
export interface SqlRow {
  readonly k: string;
  readonly v: string | null;
  readonly c: number | null;
  readonly r: string;
  readonly x: number | null;
}

/** A statement's parameters, `?1` first. */
export type SqlParams = readonly (string | number | null)[];

/** Runs a statement. @param then a second one of the same transaction, whose rows are left out */
export type RunSql = (
  sql: string,
  params: SqlParams,
  then?: readonly [string, SqlParams],
) => Promise<readonly SqlRow[]>;

const live = "(x IS NULL OR x>?3)";

const read = `SELECT k,v,c,r,x FROM store WHERE n=?1 AND k=?2 AND ${live}`;

/** Deletes up to ten expired rows of any namespace; each write does. */
const expired = "DELETE FROM store WHERE (n,k) IN (SELECT n,k FROM store WHERE x<=?1 LIMIT 10)";

/** The operations on a namespace. */
export function createSqlEngine(run: RunSql, n: string): Engine {
  const write = (now: number, sql: string, params: SqlParams): Promise<readonly SqlRow[]> =>
    run(`${sql} RETURNING *`, params, [expired, [now]]);
  return {
    get: async (key) => {
      const [row] = await run(read, [n, key, Date.now()]);
      return row && toRow(row);
    },
    set: async (row, condition) => {
      const now = Date.now();
      const params = [n, row.key, now, ...columns(row)];
      const rows = await (typeof condition === "string"
        ? write(now, `UPDATE store SET v=?4,c=?5,r=?6,x=?7 WHERE n=?1 AND k=?2 AND r=?8 AND ${live}`, [
            ...params,
            condition,
          ])
        : write(
            now,
            "INSERT INTO store(n,k,v,c,r,x)VALUES(?1,?2,?4,?5,?6,?7)ON CONFLICT(n,k)DO UPDATE SET v=?4,c=?5,r=?6,x=?7" +
              (condition === null ? " WHERE x<=?3" : ""),
            params,
          ));
      return rows.length > 0;
    },
    delete: async (key, condition) => {
      const now = Date.now();
      const any = condition === undefined;
      const sql = `DELETE FROM store WHERE n=?1 AND k=?2${any ? "" : ` AND ${live} AND r=?4`}`;
      const rows = await write(now, sql, any ? [n, key] : [n, key, now, condition]);
      return any || rows.length > 0;
    },
    add: async (row) => {
      const now = Date.now();
      const [found] = await write(
        now,
        "INSERT INTO store(n,k,c,r,x)VALUES(?1,?2,?5,?6,?7)ON CONFLICT(n,k)DO UPDATE SET v=?4,r=?6," +
          "c=CASE WHEN x<=?3 THEN ?5 ELSE c+?5 END,x=CASE WHEN x<=?3 THEN ?7 ELSE coalesce(x,?7)END " +
          "WHERE x<=?3 OR c BETWEEN ?8 AND ?9",
        [n, row.key, now, ...columns(row), ...addable(row.value)],
      );
      return found && toRow(found);
    },
    list: async (prefix, after, limit) => {
      // A byte that no UTF-8 has, and so the end of all keys with the prefix.
      const sql = `SELECT * FROM store WHERE n=?1 AND k>=?2 AND k<?2||CAST(x'FF' AS TEXT) AND k>?4 AND ${live}`;
      return (await run(`${sql} ORDER BY k LIMIT ?5`, [n, prefix, Date.now(), after, limit])).map(toRow);
    },
  };
}

const columns = ({ value, version, expires }: Row): SqlParams => [
  typeof value === "string" ? value : null,
  typeof value === "number" ? value : null,
  version,
  expires ?? null,
];

const toRow = ({ k, v, c, r, x }: SqlRow): Row => ({ key: k, value: v ?? c!, version: r, expires: x ?? undefined });
