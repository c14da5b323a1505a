/** Cold start of a built plain function against a bare handler, both under our Lambda Runtime API: process start to first answer. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { readFileSync } from "node:fs";
import { createLambdaRuntime } from "../../framework/local/lambda/runtime.ts";
import type { LoadedFunction } from "../../framework/model/invocation.ts";
import { buildGenerated } from "./build-generated.ts";
import { generateApp } from "./generate.ts";
import { compare, type Measured, time } from "./measure.ts";

/** Every call starts a new environment: a process, init, one event. */
export async function coldStart(): Promise<readonly Measured[]> {
  const root = await generateApp(1);
  const manifest = await buildGenerated(root, "lambda");
  const main = join(root, ".portico/build/lambda", manifest.functions[0]!.main);
  await mkdir(join(root, "bare"));
  await writeFile(
    join(root, "bare/index.mjs"),
    `export const handler = async () => ({ statusCode: 200, headers: { "content-type": "text/plain" }, body: "Hello, route 0!" });\n`,
  );
  const event = readFileSync(join(import.meta.dirname, "http-api-event.json"), "utf8").replaceAll("/r1/ada", "/r0");
  const runtime = createLambdaRuntime({ onLog: () => undefined });
  let calls = 0;
  const start = (module: string) => () =>
    time(async () => {
      const fn: LoadedFunction = {
        id: "bench",
        hash: String(++calls),
        directory: dirname(module),
        main: basename(module),
        memory: 512,
        timeout: 10,
        env: {},
      };
      const outcome = await runtime.invoke(fn, Buffer.from(event), {
        requestId: String(calls),
        arn: "arn:aws:lambda:us-east-1:111122223333:function:bench:1",
      });
      runtime.retire("bench");
      const text = Buffer.from(outcome.payload).toString();
      if (!text.includes("Hello, route 0!")) throw new Error(text);
    });
  const what = { name: "cold start of a plain function, lambda", against: "bare handler", unit: "ms", rounds: 15 };
  const measured = await compare(what, start(main), start(join(root, "bare/index.mjs")));
  await runtime.close();
  await rm(root, { recursive: true });
  return [measured];
}
