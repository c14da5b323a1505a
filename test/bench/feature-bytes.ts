/** Bench of the bytes that features add to a function: a built app with them against the same without. */
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { buildApp } from "../../framework/bundler/build.ts";
import { loadApp } from "../../framework/config/app-loader.ts";
import type { Manifest } from "../../framework/model/manifest.ts";
import type { Target } from "../../framework/model/target.ts";
import { discoverJobs } from "../../framework/routes/job-discovery.ts";
import { discoverRoutes } from "../../framework/routes/route-discovery.ts";
import { byteRow, type Measured } from "./measurement.ts";

/** A handler that awaits something first. */
const route = (imports: string, first: string): string =>
  `${imports}\nexport const GET = async (_, context) => {\n  ${first};\n  return new Response("hello");\n};\n`;

const plain = route("", "await undefined");
const stores = route(`import { store } from "portico/store";`, `await store(context, "a").set("b", 1)`);
const sends = route(`import { send } from "portico/jobs";`, `await send(context, "a")`);
const resources = `import { resource } from "portico/resource";
const schema = { "~standard": { version: 1, vendor: "a", validate: (value) => ({ value }) } };
export const GET = resource({ body: schema, response: schema }, async () => "hello");
`;
const logs = route(`import { logger } from "portico/log";`, `logger(context, { a: 1 }).info("b")`);
const client = route(`import { createClient } from "portico/client";`, `await createClient("http://a").get("/")`);
const both = route(
  `import { store } from "portico/store";\nimport { send } from "portico/jobs";`,
  `await store(context, "a").set("b", 1);\n  await send(context, "a")`,
);

/** A page below middleware, and the same page with a session. */
const belowMiddleware = {
  "functions/_middleware.ts": "export default (_: unknown, next: () => Promise<void>) => next();\n",
};
const belowSession = {
  "functions/_middleware.ts":
    `import { csrf, session } from "portico/session";\n` +
    `export default [csrf(), session({ idle: "1h", absolute: "30d" })];\n`,
};
const guarded = route(
  `import { flash, requireUser, session } from "portico/session";`,
  `session(context).set("user", [requireUser(context), flash(context)])`,
);

/** A page with a parent, a macro and a loop, and what it is made of. */
const templated = route(
  `import page from "./_views/page.jinja";`,
  `if (context) return page({ title: "bench", rows: ["a", "b"] })`,
);
const templates = {
  "functions/_views/page.jinja":
    `{% extends "base.jinja" %}{% from "row.jinja" import row %}{% block title %}{{ title }}{% endblock %}` +
    `{% block body %}{% for one in rows %}{{ row(one, loop.index) }}{% else %}none{% endfor %}{% endblock %}`,
  "functions/_views/base.jinja":
    `<!doctype html><title>{% block title %}{% endblock %}</title>` + `{% block body %}{% endblock %}`,
  "functions/_views/row.jinja": `{% macro row(name, number) %}<p>{{ number }} {{ name }}</p>{% endmacro %}`,
};

/** Compressed bytes of a build's code. */
interface Built {
  /** Of the route's function; on Workers of the whole Worker. */
  readonly route: number;
  /** Of the function that runs jobs, on Lambda. */
  readonly jobs: number;
}

/** Builds an app with one route, and with one job with a schedule if it has any. */
async function build(
  target: Target,
  source: string,
  hasJob = false,
  others: Readonly<Record<string, string>> = {},
): Promise<Built> {
  const root = await mkdtemp(join(tmpdir(), "portico-bench-bytes-"));
  await symlink(join(import.meta.dirname, "../../node_modules"), join(root, "node_modules"));
  const settings = {
    name: "bytes",
    target,
    secrets: ["SESSION_KEYS"],
    ...(hasJob && { jobs: { a: { cron: "0 9 * * 1-5" } } }),
  };
  const files = {
    "hosting.json": JSON.stringify(settings),
    "functions/index.ts": source,
    ...others,
    ...(hasJob && { "functions/_jobs/a.ts": "export default () => {};\n" }),
  };
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), text);
  }
  const app = await loadApp({ root, stage: "dev", target });
  const out = join(root, "out");
  const [routes, jobs] = await Promise.all([discoverRoutes(root), discoverJobs(app)]);
  const manifest = await buildApp({ app, routes, assets: [], jobs, target, out });
  const sizeOf = async (names: readonly string[]): Promise<number> =>
    gzipSync(Buffer.concat(await Promise.all(names.map((name) => readFile(join(out, name)))))).length;
  const built = {
    route: await sizeOf(codeOf(manifest)),
    jobs: await sizeOf(manifest.jobsFunction ? [manifest.jobsFunction.main] : []),
  };
  await rm(root, { recursive: true });
  return built;
}

const codeOf = ({ modules, functions }: Manifest): readonly string[] =>
  modules ? modules.filter(({ type }) => type === "esm").map(({ name }) => name) : functions.map(({ main }) => main);

/** What a guarded page has of sessions, without the store and passwords. */
async function sessionRow(target: Target, name: string): Promise<Measured> {
  const without = await build(target, plain, false, belowMiddleware);
  const page = await build(target, guarded, false, belowSession);
  return byteRow(`session on ${name}`, page.route - without.route, 5120);
}

/** The rows of `npm run bench -- feature-bytes`. */
export async function featureBytes(): Promise<readonly Measured[]> {
  const [lambda, lambdaStore, lambdaJobs, lambdaSend, lambdaBoth] = [
    await build("lambda", plain),
    await build("lambda", stores),
    await build("lambda", plain, true),
    await build("lambda", sends, true),
    await build("lambda", both, true),
  ];
  const [workers, workersStore, workersJobs, workersSend] = [
    await build("workers", plain),
    await build("workers", stores),
    await build("workers", stores, true),
    await build("workers", both, true),
  ];
  const [lambdaLog, workersLog] = [await build("lambda", logs), await build("workers", logs)];
  const [lambdaPage, workersPage] = [
    await build("lambda", templated, false, templates),
    await build("workers", templated, false, templates),
  ];
  return [
    byteRow("log on Lambda", lambdaLog.route - lambda.route, 512),
    byteRow("log on Workers", workersLog.route - workers.route, 512),
    byteRow("store on Lambda", lambdaStore.route - lambda.route, 2560),
    byteRow("store on Workers", workersStore.route - workers.route, 1229),
    byteRow("resource on Lambda", (await build("lambda", resources)).route - lambda.route, 2048),
    byteRow("resource on Workers", (await build("workers", resources)).route - workers.route, 2048),
    byteRow("client on Workers", (await build("workers", client)).route - workers.route, 614),
    byteRow("page of templates on Lambda", lambdaPage.route - lambda.route, 1536),
    byteRow("page of templates on Workers", workersPage.route - workers.route, 1536),
    byteRow("send on Lambda", lambdaSend.route - lambda.route, 1843),
    byteRow("send on Workers", workersSend.route - workersJobs.route, 1843),
    // Beside what runs jobs, that function has the store and what sends, and nothing that serves requests.
    byteRow("job core on Lambda", lambdaJobs.jobs - (lambdaBoth.route - lambda.route), 1843),
    byteRow("job core on Workers", workersJobs.route - workersStore.route, 1843),
    await sessionRow("lambda", "Lambda"),
    await sessionRow("workers", "Workers"),
  ];
}
