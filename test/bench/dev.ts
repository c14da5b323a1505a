/** Bench of `portico dev` per target: throughput, memory, first response, time from edit to response, and leaks. */
import { rm, writeFile } from "node:fs/promises";
import { Agent, get } from "node:http";
import { join } from "node:path";
import { type Target, targets } from "../../framework/model/target.ts";
import { run } from "../e2e/portico.ts";
import { generateApp } from "./generated-app.ts";
import { type Measured, time } from "./measurement.ts";
import { installPackage } from "./installed-package.ts";
import { plainMiniflare, portico, rawServer } from "./raw-server.ts";
import { type Contest, firstAnswer, quantiles, throughput } from "./server-rows.ts";
import { soak } from "./soak.ts";

const bars: Readonly<Record<Target, { readonly throughput: number; readonly first: number; readonly edit: string }>> = {
  node: { throughput: 0.4, first: 4, edit: "<= 20/40" },
  lambda: { throughput: 0.04, first: 4, edit: "<= 30/60" },
  workers: { throughput: 0.95, first: 1.1, edit: "<= 30/60 (goal 6/9)" },
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
    measured.push(await edits(target, bin, large));
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
  return { ...own, against: "plain miniflare, same code", limit: () => plainMiniflare(root) };
}

const source = (text: string): string =>
  `import { greet } from "./_lib/greet.ts";\n\nexport const GET = () => ` +
  `new Response(greet(${JSON.stringify(text)}));\n`;

/** Time from before the file is written until a response contains the new text, polled continuously. */
async function edits(target: Target, bin: string, root: string): Promise<Measured> {
  const { port, close } = await portico(bin, ["dev", "--target", target], root);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const file = join(root, "functions/r0.ts");
  const edit = async (text: string): Promise<void> => {
    await writeFile(file, source(text));
    for (let tries = 0; tries < 5000; tries++) if ((await ask(port, agent)) === `Hello, ${text}!`) return;
    throw new Error(`${target} never answered "${text}"`);
  };
  await edit("the first");
  const took: number[] = [];
  for (let index = 0; index < 60; index++) {
    // People do not save again at once; by then the next process is prepared.
    await new Promise((next) => setTimeout(next, 150));
    took.push(await time(() => edit(`edit ${index}`)));
  }
  agent.destroy();
  await close();
  return quantiles(`dev on ${target}, edit to fresh answer at 300 routes`, took, bars[target].edit);
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
