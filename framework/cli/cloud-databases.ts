/** The local Postgres of an app while its local cloud runs: releases at stage local have its URLs frozen in them. */
import { loadApp } from "../config/app-loader.ts";
import { resolveEnv } from "../config/env.ts";
import { openLocalDatabases } from "../dev/local-databases.ts";
import { UserError } from "../model/user-error.ts";
import type { Reporter } from "./reporter.ts";

/** While it is held. */
export interface HeldDatabases {
  /** A line for each database, with its URL and password. */
  readonly lines: readonly string[];
  close(): Promise<void>;
}

/**
 * Starts it for an app with databases whose URLs nothing else gives. What a user can mend is a warning, since other
 * commands tell it as an error. Never rejects.
 */
export async function holdDatabases(root: string, reporter: Reporter): Promise<HeldDatabases> {
  const lines: string[] = [];
  const databases = openLocalDatabases(root, (line) => lines.push(line));
  try {
    const app = await loadApp({ root, stage: "local" });
    if (app.databases)
      await resolveEnv(app, {
        files: true,
        missing: "preview",
        processEnv: process.env,
        localDatabase: databases.urlOf,
      });
  } catch (error) {
    if (!(error instanceof UserError)) reporter.error(error);
    else if (error.code.startsWith("POSTGRES_")) reporter.warn(`${error.message}: ${error.fix}`);
  }
  return { lines, close: databases.close };
}
