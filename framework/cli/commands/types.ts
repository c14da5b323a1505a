/** `portico types`: writes the types of an app's routes, env, jobs and middleware, or checks that they are current. */
import { areTypesCurrent, typesFile, writeTypes } from "../../bundler/app-types.ts";
import { loadApp } from "../../config/app-loader.ts";
import { UserError } from "../../model/user-error.ts";
import { discoverJobs } from "../../routes/job-discovery.ts";
import { discoverRoutes } from "../../routes/route-discovery.ts";
import type { CommandInput } from "../command.ts";
import { appFlags } from "../flags.ts";

/** Runs nothing of the app. Throws UserError TYPES_OUTDATED for `--check` where a change is missing in the file. */
export async function types(input: CommandInput): Promise<number> {
  const app = await loadApp(appFlags(input, "dev"));
  const [routes, jobs] = await Promise.all([discoverRoutes(app.root), discoverJobs(app)]);
  const all = { app, routes, jobs };
  if (input.flags["check"] && !areTypesCurrent(all))
    throw new UserError(
      "TYPES_OUTDATED",
      `${typesFile} is not what functions/ and hosting.json declare`,
      "Run portico types, and commit the file.",
      { at: { file: typesFile } },
    );
  const written = !input.flags["check"] && writeTypes(all);
  input.reporter.result(`${typesFile} ${written ? "written" : "is current"}`, { file: typesFile, written });
  return 0;
}
