/** A database's URL in the context of a call, as hosting.json names it. */
import type { Call } from "../../runtime/handler.ts";
import { DatabaseError } from "./database-error.ts";

/** The handler's context; in a Hono app, and in middleware, `c.executionCtx`; in a job the job's context. */
export type DatabaseContext = Pick<Call, "waitUntil">;

/** Throws DatabaseError DATABASE_MISSING. @param name a key of "databases" */
export function connectionStringOf(context: DatabaseContext, name: string): string {
  const { [name]: binding } = ((context as Partial<Call>).env ?? {}) as Readonly<
    Record<string, { readonly connectionString?: string } | undefined>
  >;
  if (binding?.connectionString) return binding.connectionString;
  throw new DatabaseError(
    "DATABASE_MISSING",
    binding
      ? `the secret with the URL of the database ${name} has no value: portico secret set NAME=URL --stage STAGE`
      : `hosting.json has no database ${name}: add "databases": { "${name}": { "dialect": "postgres", "url": … } }`,
  );
}
