/** Bench of an app with 300 routes in bare workerd: first response against one module, and the router's cost. */
import { get } from "node:http";
import { rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { build, type BuildOptions } from "esbuild";
import { functionEntry } from "../../framework/bundler/function-entry.ts";
import { bundleOptions } from "../../framework/bundler/esbuild-options.ts";
import type { Methods } from "../../framework/model/route.ts";
import { discoverRoutes } from "../../framework/routes/route-discovery.ts";
import { bareWorkerd, type Modules } from "./bare-workerd.ts";
import { buildGenerated } from "./builders.ts";
import { generateApp } from "./generated-app.ts";
import { requestsPerSecond, sendRequests } from "./load-generator.ts";
import { compare, type Measured, ratioOf, time, type Timed, type MeasurementSetup } from "./measurement.ts";
import { processorTime } from "./processor-time.ts";
import type { BenchServer } from "./raw-server.ts";

const routes = 300;

/** Requests per measurement of CPU time. */
const requestCount = 4000;

/** A request: to an exact path, which the router finds first, or to the last path with a param, a Hono app. */
interface RequestCase {
  readonly id: string;
  readonly path: string;
  readonly answer: string;
  readonly methods: Methods;
}

const exact: RequestCase = { id: "r0", path: "/r0", answer: "Hello, route 0!", methods: ["GET"] };
const last: RequestCase = {
  id: `r${routes - 1}-name`,
  path: `/r${routes - 1}/ada`,
  answer: "Hello, ada!",
  methods: "fetch",
};

/** Starts a new Worker at each call. */
type Start = () => Promise<BenchServer>;

/** Builds and measures the app. */
export async function workers(): Promise<readonly Measured[]> {
  const root = await generateApp(routes, "mixed");
  const { out, modules = [] } = await buildGenerated(root, "workers");
  const code = modules
    .filter(({ type }) => type === "esm")
    .map(({ name }) => [name, join(relative(root, out), name)] as const);
  const split: Modules = new Map(code);
  await writeFile(
    join(root, "by-hand.js"),
    `export default { fetch: () => new Response(${JSON.stringify(exact.answer)}) };\n`,
  );
  const open = (worker: Modules): Start => bareWorkerd(root, worker);
  const ofOne = "a Worker of that route alone, one module";
  const measured = [
    ...(await start(open(split), open(await inOne(root, join(out, "index.js"))))),
    ...(await router(exact, open(split), { name: ofOne, worker: open(await alone(root, exact)), bar: ">= 0.9" })),
    ...(await router(last, open(split), { name: ofOne, worker: open(await alone(root, last)), bar: ">= 0.9" })),
    ...(await router(exact, open(split), {
      name: "a Worker by hand without Portico, one module",
      worker: open(one("by-hand.js")),
    })),
  ];
  await rm(root, { recursive: true });
  return measured;
}

const one = (path: string): Modules => new Map([["index.js", path]]);

/** The build's modules as one module, each still evaluated on first use, so that only the module count differs. */
async function inOne(root: string, main: string): Promise<Modules> {
  const options: BuildOptions = {
    bundle: true,
    format: "esm",
    minify: true,
    target: "es2024",
    external: ["node:*", "cloudflare:*"],
  };
  await build({ ...options, entryPoints: [main], outfile: join(root, "joined.js") });
  return one("joined.js");
}

/** One route's function as a Worker without a router. */
async function alone(root: string, { id, methods }: RequestCase): Promise<Modules> {
  const route = (await discoverRoutes(root)).find((found) => found.id === id);
  if (!route) throw new Error(`the app has no ${id}`);
  const entries = new Map([["entry/alone", functionEntry("workers", [{ ...route, methods }])]]);
  const options = bundleOptions({ root, target: "workers", entries }, "production");
  const { outputFiles } = await build({
    ...options,
    sourcemap: false,
    entryPoints: [{ in: "portico:entry/alone", out: id }],
  });
  await writeFile(join(root, `${id}-alone.js`), outputFiles[0]!.contents);
  return one(`${id}-alone.js`);
}

/**
 * A contender's results by round: by the clock, and by workerd's CPU time, which does not depend on other load.
 */
interface Rounds {
  readonly next: Timed;
  /** The first entry belongs to the discarded round. */
  readonly byProcessor: readonly (number | undefined)[];
}

async function compareBoth(setup: MeasurementSetup, ours: Rounds, limit: Rounds): Promise<readonly Measured[]> {
  const byClock = await compare(setup, ours.next, limit.next);
  const [values, limits] = [ours, limit].map(({ byProcessor }) => byProcessor.slice(1)) as [number[], number[]];
  if ([...values, ...limits].includes(undefined as never)) return [byClock];
  return [byClock, ratioOf({ ...setup, unit: `${setup.unit} of processor time` }, values, limits)];
}

/** Time from the start of workerd to the end of the first response. */
function start(ours: Start, limit: Start): Promise<readonly Measured[]> {
  const rounds = (worker: Start): Rounds => {
    const byProcessor: (number | undefined)[] = [];
    const next = async (): Promise<number> => {
      let server: BenchServer | undefined;
      const took = await time(async () => {
        server = await worker();
        await expectAnswer(server.port, exact);
      });
      byProcessor.push(server && processorTime(server.pid));
      await server?.close();
      return took;
    };
    return { next, byProcessor };
  };
  const setup = {
    name: `workerd, ${routes} routes, start to first answer`,
    against: "the same code in one module",
    unit: "ms",
  };
  return compareBoth({ ...setup, rounds: 21, bar: "<= 1.3" }, rounds(ours), rounds(limit));
}

interface Limit {
  readonly name: string;
  readonly worker: Start;
  readonly bar?: string;
}

async function router(request: RequestCase, split: Start, { name, worker, bar }: Limit): Promise<readonly Measured[]> {
  const servers = [await split(), await worker()] as const;
  const { path } = request;
  const rounds = ({ port, pid }: BenchServer): Rounds => {
    const byProcessor: (number | undefined)[] = [];
    const next = async (): Promise<number> => {
      const before = processorTime(pid);
      if (before !== undefined) await sendRequests(port, path, requestCount);
      const after = processorTime(pid);
      byProcessor.push(
        before === undefined || after === undefined ? undefined : (requestCount / (after - before)) * 1000,
      );
      return requestsPerSecond(port, path);
    };
    return { next, byProcessor };
  };
  // Both respond equally, and are warmed up.
  for (const { port } of servers) {
    await expectAnswer(port, request);
    await requestsPerSecond(port, path);
  }
  const setup = { name: `workerd, ${routes} routes, GET ${path}`, against: name, unit: "requests/s", rounds: 9 };
  const measured = await compareBoth(
    { ...setup, ...(bar !== undefined && { bar }) },
    rounds(servers[0]),
    rounds(servers[1]),
  );
  await Promise.all(servers.map((server) => server.close()));
  return measured;
}

function expectAnswer(port: number, { path, answer: expected }: RequestCase): Promise<void> {
  return new Promise((done, fail) => {
    const request = get({ port, host: "127.0.0.1", path, agent: false }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () =>
        text === expected ? done() : fail(new Error(`${path} responded ${response.statusCode} ${text}`)),
      );
    });
    request.on("error", fail);
  });
}
