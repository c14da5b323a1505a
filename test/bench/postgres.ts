/**
 * Benches of Postgres: a query through a route against raw `pg` in a bare handler, cold starts, and 200 migrations
 * against psql.
 */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { build, type Plugin } from "esbuild";
import pg from "pg";
import { createLambdaRuntime } from "../../framework/emulation/lambda/runtime.ts";
import { startLocalPostgres } from "../../framework/emulation/postgres/local-postgres.ts";
import { toMigration } from "../../framework/migrations/migration-file.ts";
import { runMigrations } from "../../framework/migrations/runner.ts";
import type { LoadedFunction } from "../../framework/model/invocation.ts";
import { descendants } from "../e2e/portico.ts";
import { databaseApp } from "../features/postgres/database-app.ts";
import { buildGenerated } from "./builders.ts";
import { sendRequests } from "./load-generator.ts";
import { compare, type Measured, ratioOf, time, type Timed } from "./measurement.ts";
import { processorTime } from "./processor-time.ts";
import { type BenchServer, nodeServer, plainMiniflare, portico } from "./raw-server.ts";

const statement = "select 1 as n";
const answer = `[{"n":1}]`;

/** A route of `portico/postgres`, and the same by hand. */
const route = (importing: string, query: string): string =>
  `${importing}import { database } from "portico/postgres";\n` +
  `export const GET = async (_, context) => Response.json((await ${query}).rows);\n`;
const drizzleImport = `import { sql } from "drizzle-orm"; import { drizzle } from "drizzle-orm/node-postgres";\n`;
const routes = {
  "functions/query.ts": route("", `database(context, "DB").query("${statement}")`),
  "functions/drizzled.ts": route(drizzleImport, `drizzle(database(context, "DB")).execute(sql\`${statement}\`)`),
};
const byHand = (importing: string, query: string): string =>
  `${importing}import pg from "pg";\n` +
  `const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 1 });\n` +
  `export const handler = async () => ({ statusCode: 200, headers: { "content-type": "application/json" }, ` +
  `body: JSON.stringify((await ${query}).rows), isBase64Encoded: false });\n`;

/** The rows of `npm run bench -- postgres`. */
export async function postgres(): Promise<readonly Measured[]> {
  const closing: (() => unknown)[] = [];
  const data = await mkdtemp(join(tmpdir(), "portico-bench-postgres-"));
  const packageFolder = join(import.meta.dirname, "../..");
  const server = await startLocalPostgres({ folder: join(data, "postgres"), packageFolder, durable: false });
  try {
    const folder = databaseApp((remove) => closing.push(remove));
    for (const [file, text] of Object.entries(routes)) await writeFile(join(folder, file), text);
    const url = server.url("postgres");
    return [
      ...(await onLambda(folder, url)),
      ...(await onNode(folder, url)),
      ...(await onWorkers(folder, url)),
      await migrations(data, url),
    ];
  } finally {
    await server.stop();
    for (const close of closing) close();
    await rm(data, { recursive: true, force: true });
  }
}

const bin = join(import.meta.dirname, "../../framework/cli/bin.js");
const event = join(import.meta.dirname, "http-api-event.json");

/**
 * Turns are short, so that what else the machine does meets both sides, and warm: code that is compiled already is
 * compared.
 */
const [requests, rounds] = [50, 201] as const;

async function onLambda(folder: string, url: string): Promise<readonly Measured[]> {
  const { out, functions } = await buildGenerated(folder, "lambda");
  const ours = (id: string): string => join(out, functions.find((one) => one.id === id)!.main);
  const hand = async (name: string, importing: string, query: string): Promise<string> => {
    const stdin = { contents: byHand(importing, query), resolveDir: folder, loader: "js" } as const;
    const outfile = join(folder, `${name}.mjs`);
    const banner = {
      js: `import { createRequire } from "node:module"; const require = createRequire(import.meta.url);`,
    };
    const options = { bundle: true, minify: true, format: "esm", platform: "node", target: "node24" } as const;
    await build({ ...options, stdin, outfile, banner, external: ["pg-native"] });
    return outfile;
  };
  const bare = await hand("bare", "", `pool.query("${statement}")`);
  const drizzled = await hand("drizzled", drizzleImport, `drizzle(pool).execute(sql\`${statement}\`)`);
  const text = await readFile(event, "utf8");
  const runtime = createLambdaRuntime({ onLog: () => undefined });
  const call = async (main: string, path: string, hash: string): Promise<void> => {
    const fn: LoadedFunction = {
      id: main,
      hash,
      directory: dirname(main),
      main: basename(main),
      memory: 512,
      timeout: 10,
      env: { DATABASE_URL: url },
      cloudEnv: {},
    };
    const request = { requestId: hash, arn: "arn:aws:lambda:us-east-1:111122223333:function:bench:1" };
    const { payload } = await runtime.invoke(fn, Buffer.from(text.replaceAll("/r1/ada", path)), request);
    const { body } = JSON.parse(Buffer.from(payload).toString()) as { readonly body?: string };
    if (body !== answer) throw new Error(Buffer.from(payload).toString());
  };
  const many =
    (main: string, path: string): ((count?: number) => Promise<number>) =>
    (count = requests) =>
      time(async () => {
        for (let at = 0; at < count; at += 1) await call(main, path, "warm");
      });
  let starts = 0;
  const cold =
    (main: string, path: string): Timed =>
    async () => {
      const took = await time(() => call(main, path, String((starts += 1))));
      runtime.retire(main);
      return took;
    };
  const [own, raw] = [many(ours("query"), "/query"), many(bare, "/query")];
  for (const one of [own, raw]) await one(requests * 40);
  const warm = await compare(
    {
      name: `a query through a route, Lambda emulation, ${requests} requests`,
      against: "raw pg in a bare handler",
      unit: "ms",
      rounds,
      bar: "<= 1.10",
    },
    own,
    raw,
  );
  const first = await compare(
    {
      name: "cold start of a Postgres route with Drizzle, Lambda emulation",
      against: "pg and Drizzle in a bare handler",
      unit: "ms",
      rounds: 41,
      bar: "<= 1.10",
    },
    cold(ours("drizzled"), "/drizzled"),
    cold(drizzled, "/drizzled"),
  );
  await runtime.close();
  return [warm, first];
}

/**
 * A request after the other, since each waits for Postgres: by the clock, and by the processor time of the server,
 * which does not depend on other load.
 */
async function compareServers(
  { name, ...row }: Pick<Measured, "name" | "against" | "rounds">,
  count: number,
  own: BenchServer,
  bare: BenchServer,
): Promise<readonly Measured[]> {
  const turns = ({ port, pid }: BenchServer): { readonly next: Timed; readonly used: readonly number[] } => {
    const [pids, used] = [[pid, ...descendants(pid)], [] as number[]];
    const busy = (): number => pids.reduce((sum, one) => sum + (processorTime(one) ?? Number.NaN), 0);
    const next: Timed = async () => {
      const before = busy();
      const took = await time(() => sendRequests(port, "/query", count, 1));
      used.push(busy() - before);
      return took;
    };
    return { next, used };
  };
  try {
    for (const { port } of [own, bare]) {
      const text = await (await fetch(`http://127.0.0.1:${port}/query`)).text();
      if (text !== answer) throw new Error(text);
      await sendRequests(port, "/query", count * 40, 1);
    }
    const setup = { ...row, name: `${name}, ${count} requests`, unit: "ms", bar: "<= 1.10" };
    const [ours, limit] = [turns(own), turns(bare)];
    const byClock = await compare(setup, ours.next, limit.next);
    // Without the discarded round.
    const [values, limits] = [ours.used.slice(1), limit.used.slice(1)];
    if (values.some(Number.isNaN)) return [byClock];
    return [byClock, ratioOf({ ...setup, unit: "ms of processor time" }, values, limits)];
  } finally {
    await Promise.all([own.close(), bare.close()]);
  }
}

async function onNode(folder: string, url: string): Promise<readonly Measured[]> {
  await buildGenerated(folder, "node");
  const own = await portico(bin, ["start", "--processes", "1"], folder, { DATABASE_URL: url });
  const bare = await nodeServer([join(import.meta.dirname, "postgres-process.mjs"), url, statement]);
  const setup = { name: "a query through a route, portico start", against: "raw pg behind node:http", rounds };
  return compareServers(setup, requests, own, bare);
}

/** Both connect for each request, since a Worker's requests cannot share a socket. */
async function onWorkers(folder: string, url: string): Promise<readonly Measured[]> {
  const { out } = await buildGenerated(folder, "workers");
  const bareFolder = join(folder, "bare-worker");
  const contents =
    `import pg from "pg";\n` +
    `export default { async fetch(request, env, context) {\n` +
    `  const client = new pg.Client({ connectionString: env.DATABASE_URL });\n` +
    `  await client.connect();\n` +
    `  const { rows } = await client.query("${statement}");\n` +
    `  context.waitUntil(client.end());\n` +
    `  return Response.json(rows);\n} };\n`;
  await build({
    stdin: { contents, resolveDir: folder, loader: "js" },
    outfile: join(bareFolder, "index.js"),
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    mainFields: ["browser", "module", "main"],
    plugins: [nodeModulesOfWorkers],
    external: ["cloudflare:*", "pg-native"],
  });
  const bindings = { DATABASE_URL: url };
  const [own, bare] = [await plainMiniflare(out, bindings), await plainMiniflare(bareFolder, bindings)];
  const setup = { name: "a query through a route, workerd", against: "raw pg in a bare Worker", rounds: 61 };
  return compareServers(setup, 5, own, bare);
}

/** As `nodejs_compat` has them: a `require` of one becomes an import. */
const nodeModulesOfWorkers: Plugin = {
  name: "node",
  setup(one) {
    const filter = new RegExp(`^(?:node:)?(?:${builtinModules.join("|")})$`);
    one.onResolve({ filter }, ({ path, kind, namespace }) =>
      kind === "require-call" && namespace === "file"
        ? { path, namespace: "node" }
        : { path: `node:${path.replace(/^node:/, "")}`, external: true },
    );
    one.onLoad({ filter: /.*/, namespace: "node" }, ({ path }) => ({
      contents: `import all from ${JSON.stringify(path)}; module.exports = all;`,
    }));
  },
};

/** psql runs each file in a transaction of its own, too. */
async function migrations(data: string, url: string): Promise<Measured> {
  const files = Array.from({ length: 200 }, (_, at) => {
    const number = String(at + 1).padStart(4, "0");
    const sql = `create table t${number} (id int primary key, name text); alter table t${number} add column age int;\n`;
    return toMigration(`${number}_t.sql`, sql);
  });
  const paths: string[] = [];
  for (const { name, sql } of files) {
    paths.push(join(data, `${name}.sql`));
    await writeFile(paths.at(-1)!, `begin;\n${sql}commit;\n`);
  }
  const client = new pg.Client(url);
  await client.connect();
  const emptied = async (work: () => Promise<unknown>): Promise<number> => {
    await client.query("drop schema public cascade; create schema public");
    return time(work);
  };
  const connected = async (): Promise<void> => {
    const own = new pg.Client(url);
    await own.connect();
    await runMigrations(own, { files, which: "all", onEvent: () => {} });
    await own.end();
  };
  const psql = ["-q", "-X", "-d", url, ...paths.flatMap((path) => ["-f", path])];
  const measured = await compare(
    { name: "200 migrations", against: "psql, a transaction for each", unit: "ms", rounds: 15, bar: "<= 1.2" },
    () => emptied(connected),
    () => emptied(() => promisify(execFile)("psql", psql)),
  );
  await client.end();
  return measured;
}
