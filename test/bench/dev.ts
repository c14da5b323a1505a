/** Bench of `portico dev` per target: throughput, memory, first response, time from edit to response, and leaks. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { Agent, get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Target, targets } from "../../framework/model/target.ts";
import { run } from "../e2e/portico.ts";
import { generateApp } from "./generated-app.ts";
import { type Measured, percentile, ratioOf, time } from "./measurement.ts";
import { installPackage } from "./installed-package.ts";
import { type BenchServer, plainMiniflare, portico, rawDevServer, rawServer } from "./raw-server.ts";
import { type Contest, firstAnswer, throughput } from "./server-rows.ts";
import { soak } from "./soak.ts";

const bars: Readonly<
  Record<Target, { readonly throughput: number; readonly first: number; readonly edit: readonly [number, number] }>
> = {
  node: { throughput: 0.4, first: 4, edit: [2.2, 4.4] },
  lambda: { throughput: 0.04, first: 4, edit: [3.3, 6.5] },
  workers: { throughput: 0.95, first: 1.1, edit: [3.3, 6.5] },
};

/** Measures all targets, with an app of 100 routes, and one of 300 for edits. */
export async function dev(): Promise<readonly Measured[]> {
  const [root, large] = [await generateApp(100), await generateApp(300)];
  const { bin, remove } = await installPackage();
  const built = await run(["build", "--target", "workers"], root);
  if (built.code !== 0) throw new Error(built.stderr);
  const measured: Measured[] = [];
  for (const target of targets) {
    const contest = contestOf(target, bin, root);
    measured.push(...(await throughput(contest)), await firstAnswer(contest));
    measured.push(...(await afterEdits(target, bin, large)));
    const server = await contest.server();
    measured.push(...(await soak(contest.name, server)));
    await server.close();
  }
  await Promise.all([remove(), ...[root, large].map((folder) => rm(folder, { recursive: true }))]);
  return measured;
}

function contestOf(target: Target, bin: string, root: string): Contest {
  const own = {
    name: `dev on ${target}`,
    server: () => portico(bin, ["dev", "--target", target], root),
    bars: bars[target],
  };
  if (target !== "workers") return { ...own, against: "raw node:http", limit: rawServer };
  return {
    ...own,
    against: "plain miniflare, same code",
    limit: () => plainMiniflare(join(root, ".portico/build/workers")),
  };
}

const source = (text: string): string =>
  `import { greet } from "./_lib/greet.ts";\n\nexport const GET = () => ` +
  `new Response(greet(${JSON.stringify(text)}));\n`;

/** An app's server, and the time from before its route is written until a response has the new text. */
interface Edited {
  readonly edit: (text: string) => Promise<number>;
  readonly close: () => Promise<unknown>;
}

async function edited(name: string, root: string, server: Promise<BenchServer>): Promise<Edited> {
  const { port, close } = await server;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const edit = async (text: string): Promise<void> => {
    await writeFile(join(root, edits.file), source(text));
    for (let tries = 0; tries < 5000; tries++) if ((await ask(port, agent)) === `Hello, ${text}!`) return;
    throw new Error(`${name} never answered "${text}"`);
  };
  await edit("the first");
  return {
    edit: (text) => time(() => edit(text)),
    close() {
      agent.destroy();
      return close();
    },
  };
}

const edits = { file: "functions/r0.ts", rounds: 60 } as const;

/** The medians, and the 95th percentiles. */
async function afterEdits(target: Target, bin: string, root: string): Promise<readonly Measured[]> {
  const name = `dev on ${target}, edit to fresh answer at 300 routes`;
  const [bare, out] = [await generateApp(300), await mkdtemp(join(tmpdir(), "portico-bench-out-"))];
  const own = await edited(name, root, portico(bin, ["dev", "--target", target], root));
  const limit = await edited("the raw dev server", bare, rawDevServer(bare, edits.file, out));
  const took: { readonly own: number; readonly limit: number }[] = [];
  // People do not save again at once; by then the next process is prepared, also on a slow machine.
  const pause = async (): Promise<void> => {
    for (let starts = 0; starts < 2; starts++) await (await rawServer()).close();
  };
  for (let index = 0; index < edits.rounds; index++) {
    await pause();
    const ownTook = await own.edit(`edit ${index}`);
    await pause();
    took.push({ own: ownTook, limit: await limit.edit(`edit ${index}`) });
  }
  await Promise.all([own.close(), limit.close()]);
  await Promise.all([bare, out].map((folder) => rm(folder, { recursive: true })));
  const [values, limits] = [took.map((round) => round.own), took.map((round) => round.limit)];
  const setup = { against: "fs.watch, esbuild, an import and node:http", unit: "ms", rounds: edits.rounds };
  const [middle, late] = bars[target].edit;
  return [
    ratioOf({ ...setup, name, bar: `<= ${middle}` }, values, limits),
    ratioOf(
      { ...setup, name: `${name}, 95th percentile`, bar: `<= ${late}` },
      [percentile(values, 0.95)],
      [percentile(limits, 0.5)],
    ),
  ];
}

const ask = (port: number, agent: Agent): Promise<string> =>
  new Promise((done, fail) => {
    const request = get({ port, host: "127.0.0.1", path: "/r0", agent }, (answer) => {
      let text = "";
      answer.on("data", (chunk: Buffer) => (text += chunk.toString()));
      answer.on("end", () => done(text));
    });
    request.on("error", fail);
  });
