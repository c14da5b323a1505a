/** Edits and builds an app again and again until it is killed: its root as argument in, a line for each build that begins out. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildApp } from "../../framework/build/build.ts";
import { loadApp } from "../../framework/config/load.ts";
import { discover } from "../../framework/routes/discover.ts";

const root = process.argv[2] ?? "";
const app = await loadApp({ root, stage: "dev", target: "lambda" });
for (let edit = 0; ; edit++) {
  writeFileSync(join(root, "functions/index.ts"), `export const GET = () => new Response("edit ${edit}");`);
  process.stdout.write(`${edit}\n`);
  await buildApp({ app, routes: await discover(root), assets: [], target: "lambda", out: join(root, ".portico/build/lambda") });
}
