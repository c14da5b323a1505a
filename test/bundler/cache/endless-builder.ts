/** A process that edits and builds the app in its argument until it is killed, printing a line before each build. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildApp } from "../../../framework/bundler/build.ts";
import { loadApp } from "../../../framework/config/app-loader.ts";
import { discoverRoutes } from "../../../framework/routes/route-discovery.ts";

const root = process.argv[2] ?? "";
const app = await loadApp({ root, stage: "dev", target: "lambda" });
for (let edit = 0; ; edit++) {
  writeFileSync(join(root, "functions/index.ts"), `export const GET = () => new Response("edit ${edit}");`);
  process.stdout.write(`${edit}\n`);
  await buildApp({
    app,
    routes: await discoverRoutes(root),
    assets: [],
    target: "lambda",
    out: join(root, ".portico/build/lambda"),
  });
}
