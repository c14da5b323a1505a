/** A whole app in the process of its tests: its build for Node, with data and a clock of its own, and no server. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { loadApp } from "../config/app-loader.ts";
import type { BuiltJobs } from "../features/jobs/built-jobs.ts";
import { canonicalTarget } from "../http/canonical-target.ts";
import type { App } from "../model/app.ts";
import { UserError } from "../model/user-error.ts";
import { loadMain, withAssets } from "../node/built-app.ts";
import { createCall } from "../node/testing.ts";
import { jsonError } from "../runtime/error-response.ts";
import type { Call, Env } from "../runtime/handler.ts";
import type { Fetch } from "../runtime/route-function.ts";
import { copyBuild } from "./build-copy.ts";
import { createClient, type TestClient, toRequest } from "./client.ts";
import { addClock, openClock, type TestClock } from "./clock.ts";
import { createJobs, type TestJobs } from "./jobs.ts";
import { nearestApp } from "./nearest-app.ts";
import type { TestDatabase } from "./test-database.ts";

/** The app to test. */
export interface TestAppOptions {
  /** Its folder, with functions/. Default: the current one, or the nearest above it that has one. */
  readonly root?: string;
  /** The stage of hosting.json whose settings it has. Default: `test`. */
  readonly stage?: string;
  /** Values in place of those of hosting.json, and of secrets, which are random otherwise. */
  readonly env?: Readonly<Record<string, string>>;
  /** By the names of hosting.json: `{ DB: await testDatabase() }`. They are dropped when the app is closed. */
  readonly databases?: Readonly<Record<string, TestDatabase>>;
}

/** An app under test. */
export interface TestApp extends AsyncDisposable {
  /** As a visitor's request: static files, middleware, routes, 404. It follows no redirect. @param path or a URL */
  fetch(path: string | Request, init?: RequestInit): Promise<Response>;
  /** A new visitor, who keeps cookies. */
  client(): TestClient;
  readonly jobs: TestJobs;
  readonly clock: TestClock;
  /** A call of the app, so that a test can open its store and files: `store(app.context, "visits")`. */
  readonly context: Call;
  /** Waits for background work, and removes the app's data. Rejects with what a promise given to `waitUntil` did. */
  close(): Promise<void>;
}

/**
 * Builds the app as `portico build --target node` does, and loads it: code, data and clock are those of this app alone.
 * Env and secrets are in `context.env`; `process.env` is not changed. Throws UserError TEST_ENV for a value that
 * hosting.json does not declare, and those of hosting.json and the build.
 */
export async function testApp({
  root,
  stage = "test",
  env: given = {},
  databases = {},
}: TestAppOptions = {}): Promise<TestApp> {
  const app = await loadApp({ root: root ?? nearestApp(process.cwd()), stage, target: "node" });
  const env = { ...envOf(app, { ...given, ...urlsOf(app, databases) }), ...bindingsOf(databases) };
  const { manifest, folder, data, remove } = await copyBuild(app);
  addClock(folder);
  const clock = await openClock(folder);
  const fetch = withAssets(await loadMain(folder, manifest), manifest, app.root);
  const work = new Set<Promise<unknown>>();
  const failures: unknown[] = [];
  const call = (): Call =>
    createCall({
      env: env as unknown as Env,
      clientAddress: "127.0.0.1",
      platform: { name: "node", data },
      waitUntil(promise) {
        const settled = Promise.resolve(promise)
          .catch((error: unknown) => failures.push(error))
          .finally(() => work.delete(settled));
        work.add(settled);
      },
    });
  const settle = async (): Promise<void> => {
    while (work.size > 0) await Promise.all(work);
    const failed = failures.splice(0);
    if (failed.length > 1)
      throw new AggregateError(failed, `${failed.length} promises given to waitUntil were rejected`);
    if (failed.length > 0) throw failed[0];
  };
  const names = (manifest.jobs ?? []).map(({ name }) => name);
  const jobs = createJobs(await loadJobs(folder, names), names, { data, call: call(), now: clock.now, settle });
  const send = (request: Request): Promise<Response> => answer(fetch, request, call());
  const close = async (): Promise<void> => {
    try {
      await settle();
    } finally {
      jobs.close();
      remove();
      await Promise.all(Object.values(databases).map((one) => one.close()));
    }
  };
  return {
    fetch: (path, init) => send(toRequest(path, init)),
    client: () => createClient(send, clock.now),
    jobs: { run: jobs.run },
    clock,
    context: call(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function envOf({ env, secrets }: App, given: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(env, name) && !secrets.includes(name));
  if (unknown !== undefined)
    throw new UserError(
      "TEST_ENV",
      `hosting.json declares no env and no secret ${unknown}, so that no function can read it`,
      `Add it to "env" or "secrets" in hosting.json, or leave it out of testApp({ env }).`,
    );
  return {
    ...env,
    ...Object.fromEntries(secrets.map((name) => [name, randomBytes(32).toString("base64url")])),
    ...given,
  };
}

/** The values of the secrets that have the URLs of databases. */
function urlsOf(app: App, given: Readonly<Record<string, TestDatabase>>): Readonly<Record<string, string>> {
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(app.databases ?? {}, name));
  if (unknown !== undefined)
    throw new UserError(
      "TEST_ENV",
      `hosting.json has no database ${unknown}, so that no function can reach it`,
      `Add "databases": { "${unknown}": … } to hosting.json, or leave it out of testApp({ databases }).`,
    );
  return Object.fromEntries(Object.entries(given).map(([name, { url }]) => [app.databases![name]!.url, url]));
}

/** For `app.context`, which no route has been called with. */
const bindingsOf = (given: Readonly<Record<string, TestDatabase>>) =>
  Object.fromEntries(Object.entries(given).map(([name, { url }]) => [name, { connectionString: url }]));

async function loadJobs(folder: string, names: readonly string[]): Promise<BuiltJobs | undefined> {
  if (names.length === 0) return undefined;
  return ((await import(pathToFileURL(join(folder, "jobs.js")).href)) as { readonly default: BuiltJobs }).default;
}

/** As a server answers: with the canonical form of the URL, and without a body for HEAD. */
async function answer(fetch: Fetch, request: Request, call: Call): Promise<Response> {
  const url = canonicalTarget(request.url.replace(/#.*/, ""));
  if (url === undefined) return jsonError(400, "Bad Request");
  const response = await fetch(url === request.url ? request : new Request(url, request), call);
  return request.method === "HEAD" && response.body ? new Response(null, response) : response;
}
