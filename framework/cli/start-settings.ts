/** The settings of the app that `portico start` serves, apart from the command, so that its workers start first. */
import { loadApp } from "../config/app-loader.ts";
import { resolveEnv } from "../config/env.ts";
import { openLocalDatabases } from "../dev/local-databases.ts";
import type { CommandInput } from "./command.ts";
import { appFlags } from "./flags.ts";

/** What the workers need of the app; its name is for the terminal. */
export interface StartSettings {
  readonly name: string;
  /** Absolute path. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  /** Leaves the local Postgres of the app's databases, if it has such. */
  close(): Promise<void>;
}

/** Reads hosting.json and the .env files. Rejects with UserError as loadApp and resolveEnv do. */
export async function loadStartSettings(
  input: Pick<CommandInput, "cwd" | "flags" | "reporter">,
): Promise<StartSettings> {
  const app = await loadApp(appFlags(input, "start"));
  const databases = openLocalDatabases(app.root, (line) => input.reporter.line(line));
  const { env, undeclared } = await resolveEnv(app, {
    files: true,
    missing: "refuse",
    processEnv: process.env,
    localDatabase: databases.urlOf,
  });
  for (const name of undeclared)
    input.reporter.warn(
      `${name} is in an .env file, but not under "env" or "secrets" in hosting.json, so no function sees it`,
    );
  return { name: app.name, folder: app.root, env, close: databases.close };
}
