import type { Handler } from "portico";
import { database } from "portico/postgres";

export const GET: Handler = async (_, context) => {
  const binding = (context.env as unknown as { readonly DB: { readonly connectionString: string } }).DB;
  return new Response(new URL(binding.connectionString).protocol);
};

export const POST: Handler = async (request, context) => {
  const pool = database(context, "DB");
  const name = request.headers.get("x-run") ?? "";
  // One transaction: the lock ends with it.
  const table = "CREATE TABLE IF NOT EXISTS visits (name text PRIMARY KEY, n int NOT NULL)";
  await pool.query(`SELECT pg_advisory_xact_lock(1); ${table}`);
  const { rows } = await pool.query<{ n: number }>(
    "INSERT INTO visits VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET n = visits.n + 1 RETURNING n",
    [name],
  );
  return Response.json(rows);
};
