/** `portico dev` per target: requests per second against raw node:http, and edit to fresh answer against esbuild's own rebuild. */
import { rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { context } from "esbuild";
import { type Target, targets } from "../../framework/model/target.ts";
import { start } from "../e2e/portico.ts";
import { generateApp } from "./generate.ts";
import { requestsPerSecond } from "./load.ts";
import { compare, type Measured, time } from "./measure.ts";
import { rawServer } from "./raw-server.ts";

const routes = 100;
const connections = 32;

/** Both measurements on all three targets, on an app of 100 routes. */
export async function dev(): Promise<readonly Measured[]> {
  const measured: Measured[] = [];
  for (const target of targets) {
    const root = await generateApp(routes);
    const running = start(["dev", "--target", target, "--port", "0"], root);
    const port = Number((await running.until(/http:\/\/127\.0\.0\.1:(\d+)/))[1]);
    measured.push(await throughput(target, port), await reload(target, port, root));
    await running.stop();
    await rm(root, { recursive: true });
  }
  return measured;
}

async function throughput(target: Target, port: number): Promise<Measured> {
  const raw = await rawServer();
  const what = { name: `dev requests per second, ${target}`, against: "raw node:http", unit: "requests/s", rounds: 5 };
  const measured = await compare(
    what,
    () => requestsPerSecond(port, "/r0", connections, 1000),
    () => requestsPerSecond(raw.port, "/r0", connections, 1000),
  );
  await raw.close();
  return measured;
}

/** From before the file is written until the new text is answered, against rebuilding that one entry and asking a raw server. */
async function reload(target: Target, port: number, root: string): Promise<Measured> {
  const file = join(root, "functions/r0.ts");
  const source = (text: string): string => `export const GET = () => new Response(${JSON.stringify(text)});\n`;
  let edits = 0;
  const edit = async (): Promise<void> => {
    const text = `edit ${++edits}`;
    await writeFile(file, source(text));
    for (let tries = 0; tries < 5000; tries++) {
      if ((await (await fetch(`http://127.0.0.1:${port}/r0`)).text()) === text) return;
    }
    throw new Error(`${target} never answered "${text}"`);
  };
  const server = createServer((_, response) => response.end("raw"));
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port: rawPort } = server.address() as { port: number };
  const raw = await context({
    stdin: { contents: `export * from "./functions/r0.ts"`, resolveDir: root },
    bundle: true,
    format: "esm",
    write: false,
  });
  const limit = async (): Promise<void> => {
    await raw.rebuild();
    await (await fetch(`http://127.0.0.1:${rawPort}/`)).text();
  };
  const what = {
    name: `edit to fresh answer, ${target}`,
    against: "esbuild rebuild of the entry + one raw answer",
    unit: "ms",
    rounds: 15,
  };
  const measured = await compare(
    what,
    () => time(edit),
    () => time(limit),
  );
  await raw.dispose();
  server.close();
  return measured;
}
