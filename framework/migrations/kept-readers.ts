/** What a database knows of live releases, over its being emptied. */
import type { DatabaseClient } from "./database-client.ts";
import { ensureLedger, hasLedger } from "./ledger.ts";

/** Reads the readers and their releases; the result writes them into the emptied database, with their times. */
export async function keepReaders(client: DatabaseClient): Promise<() => Promise<void>> {
  if (!(await hasLedger(client))) return () => Promise.resolve();
  await ensureLedger(client);
  const tables = ["portico_readers", "portico_releases"] as const;
  const kept: (readonly [string, string])[] = [];
  for (const table of tables) {
    const { rows } = await client.query(
      `select coalesce(json_agg(one), '[]')::text as kept from public.${table} as one`,
    );
    kept.push([table, rows[0]?.["kept"] as string]);
  }
  return async () => {
    await ensureLedger(client);
    for (const [table, rows] of kept)
      await client.query(
        `insert into public.${table} select * from json_populate_recordset(null::public.${table}, $1)`,
        [rows],
      );
  };
}
