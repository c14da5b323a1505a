/** What the build puts around the routes and jobs of an app with databases: context.env has them on every target. */
import { errorResponse } from "../../runtime/error-response.ts";
import type { Call, FetchApp, Handler } from "../../runtime/handler.ts";

/** The names of secrets by those of databases. */
type Urls = Readonly<Record<string, string>>;

type Env = Readonly<Record<string, unknown>>;

/** The context with the databases; a binding of the platform's own, which Hyperdrive makes, comes first. */
export function addDatabases<C extends Pick<Call, "env">>(urls: Urls, context: C): C {
  const env = context.env as Env;
  const databases = Object.entries(urls).map(([name, url]) => [name, env[name] ?? { connectionString: env[url] }]);
  return { ...context, env: { ...env, ...(Object.fromEntries(databases) as Env) } };
}

/** An error's own response is asked of its causes, too: Drizzle wraps what a connection threw. */
function withResponse(error: unknown): unknown {
  for (let one = error; one instanceof Error; one = one.cause)
    if ((one as { readonly code?: unknown }).code?.toString().startsWith("DATABASE_")) return one;
  return error;
}

/** A route's handler, middleware included. */
export const withDatabases =
  (urls: Urls, handler: Handler): Handler =>
  async (request, context) => {
    try {
      return await handler(request, addDatabases(urls, context));
    } catch (error) {
      throw withResponse(error);
    }
  };

/** The parts of a Hono app that are used here, as in the runtime's `byApp`. */
interface HonoLike {
  readonly constructor: new () => { readonly errorHandler?: unknown };
  readonly errorHandler?: unknown;
  onError?(handler: (error: unknown, c: { readonly executionCtx: Call }) => Response): void;
}

/** A Hono app without an error handler of its own answers such errors as other routes do. */
export function withDatabaseErrors(app: FetchApp): FetchApp {
  const hono = app as unknown as HonoLike | undefined;
  if (hono?.onError && hono.errorHandler && hono.errorHandler === new hono.constructor().errorHandler)
    hono.onError((error, c) => errorResponse(withResponse(error), c.executionCtx));
  return app;
}

/** A job of the table of jobs. */
interface LoadedJob {
  readonly load: () => Promise<{ readonly default: (data: never, context: never) => unknown }>;
}

/** The table of jobs, whose contexts have the databases. */
export const withJobDatabases = <J extends LoadedJob>(urls: Urls, jobs: Readonly<Record<string, J>>) =>
  Object.assign(
    Object.create(null) as Record<string, J>,
    Object.fromEntries(
      Object.entries(jobs).map(([name, job]) => {
        const load = async () => {
          const { default: run } = await job.load();
          return { default: (data: never, context: Call) => run(data, addDatabases(urls, context) as never) };
        };
        return [name, { ...job, load }];
      }),
    ),
  );
