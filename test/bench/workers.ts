/** An app of 300 routes on Workers, as it is uploaded: how soon it answers against the same code in one module, and what its router costs. In bare workerd. */
import { get } from "node:http";
import { rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { build, type BuildOptions } from "esbuild";
import { functionEntry } from "../../framework/build/entry.ts";
import { bundleOptions } from "../../framework/build/options.ts";
import type { Methods } from "../../framework/model/route.ts";
import { discover } from "../../framework/routes/discover.ts";
import { bareWorkerd, type Modules } from "./bare-workerd.ts";
import { buildGenerated } from "./build-generated.ts";
import { generateApp } from "./generate.ts";
import { requestsPerSecond, sendRequests } from "./load.ts";
import { compare, type Measured, ratioOf, time, type Timed, type What } from "./measure.ts";
import { processorTime } from "./processor-time.ts";
import type { BenchServer } from "./raw-server.ts";

const routes = 300;

/** Requests whose processor time is measured in each round. */
const counted = 4000;

/** What is asked for: an exact path, which a router knows first, and the last one with a param, which Hono answers. */
interface Asked {
  readonly id: string;
  readonly path: string;
  readonly says: string;
  readonly methods: Methods;
}

const exact: Asked = { id: "r0", path: "/r0", says: "Hello, route 0!", methods: ["GET"] };
const last: Asked = { id: `r${routes - 1}-name`, path: `/r${routes - 1}/ada`, says: "Hello, ada!", methods: "fetch" };

/** Starts a Worker anew at each call. */
type Start = () => Promise<BenchServer>;

/** Builds and measures it. */
export async function workers(): Promise<readonly Measured[]> {
  const root = await generateApp(routes, "mixed");
  const { out, modules = [] } = await buildGenerated(root, "workers");
  const code = modules.filter(({ type }) => type === "esm").map(({ name }) => [name, join(relative(root, out), name)] as const);
  const split: Modules = new Map(code);
  await writeFile(join(root, "by-hand.js"), `export default { fetch: () => new Response(${JSON.stringify(exact.says)}) };\n`);
  const open = (worker: Modules): Start => bareWorkerd(root, worker);
  const ofOne = "a Worker of that route alone, one module";
  const measured = [
    ...(await start(open(split), open(await inOne(root, join(out, "index.js"))))),
    ...(await router(exact, open(split), { name: ofOne, worker: open(await alone(root, exact)), bar: ">= 0.9" })),
    ...(await router(last, open(split), { name: ofOne, worker: open(await alone(root, last)), bar: ">= 0.9" })),
    ...(await router(exact, open(split), { name: "a Worker by hand without Portico, one module", worker: open(one("by-hand.js")) })),
  ];
  await rm(root, { recursive: true });
  return measured;
}

const one = (path: string): Modules => new Map([["index.js", path]]);

/** The build's own files in one, each run when it is first asked for as before: the modules are all that differs. */
async function inOne(root: string, main: string): Promise<Modules> {
  const options: BuildOptions = { bundle: true, format: "esm", minify: true, target: "es2024", external: ["node:*", "cloudflare:*"] };
  await build({ ...options, entryPoints: [main], outfile: join(root, "joined.js") });
  return one("joined.js");
}

/** One route's function on Workers without another beside it, so without a router. */
async function alone(root: string, { id, methods }: Asked): Promise<Modules> {
  const route = (await discover(root)).find((found) => found.id === id);
  if (!route) throw new Error(`the app has no ${id}`);
  const entries = new Map([["entry/alone", functionEntry("workers", [{ ...route, methods }])]]);
  const options = bundleOptions({ root, target: "workers", entries }, "production");
  const { outputFiles } = await build({ ...options, sourcemap: false, entryPoints: [{ in: "portico:entry/alone", out: id }] });
  await writeFile(join(root, `${id}-alone.js`), outputFiles[0]!.contents);
  return one(`${id}-alone.js`);
}

/** What a contender gave, round by round: by the clock, and by the processor time of workerd, which a busy machine does not change. */
interface Rounds {
  readonly next: Timed;
  /** The first is of the round that is thrown away. */
  readonly byProcessor: readonly (number | undefined)[];
}

async function compareBoth(what: What, ours: Rounds, limit: Rounds): Promise<readonly Measured[]> {
  const byClock = await compare(what, ours.next, limit.next);
  const [values, limits] = [ours, limit].map(({ byProcessor }) => byProcessor.slice(1)) as [number[], number[]];
  if ([...values, ...limits].includes(undefined as never)) return [byClock];
  return [byClock, ratioOf({ ...what, unit: `${what.unit} of processor time` }, values, limits)];
}

/** From the start of workerd to the end of the first answer. */
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
  const what = { name: `workerd, ${routes} routes, start to first answer`, against: "the same code in one module", unit: "ms" };
  return compareBoth({ ...what, rounds: 21, bar: "<= 1.3" }, rounds(ours), rounds(limit));
}

interface Limit {
  readonly name: string;
  readonly worker: Start;
  readonly bar?: string;
}

async function router(asked: Asked, split: Start, { name, worker, bar }: Limit): Promise<readonly Measured[]> {
  const servers = [await split(), await worker()] as const;
  const { path } = asked;
  const rounds = ({ port, pid }: BenchServer): Rounds => {
    const byProcessor: (number | undefined)[] = [];
    const next = async (): Promise<number> => {
      const before = processorTime(pid);
      if (before !== undefined) await sendRequests(port, path, counted);
      const after = processorTime(pid);
      byProcessor.push(before === undefined || after === undefined ? undefined : (counted / (after - before)) * 1000);
      return requestsPerSecond(port, path);
    };
    return { next, byProcessor };
  };
  // Both say the same, and their code is compiled.
  for (const { port } of servers) {
    await expectAnswer(port, asked);
    await requestsPerSecond(port, path);
  }
  const what = { name: `workerd, ${routes} routes, GET ${path}`, against: name, unit: "requests/s", rounds: 9 };
  const measured = await compareBoth({ ...what, ...(bar !== undefined && { bar }) }, rounds(servers[0]), rounds(servers[1]));
  await Promise.all(servers.map((server) => server.close()));
  return measured;
}

function expectAnswer(port: number, { path, says }: Asked): Promise<void> {
  return new Promise((done, fail) => {
    const asking = get({ port, host: "127.0.0.1", path, agent: false }, (answer) => {
      let text = "";
      answer.on("data", (chunk: Buffer) => (text += chunk.toString()));
      answer.on("end", () => (text === says ? done() : fail(new Error(`${path} answered ${answer.statusCode} ${text}`))));
    });
    asking.on("error", fail);
  });
}
