/** The URL by which a command connects to a database of a stage, where the environment has one: PORTICO_MIGRATE_URL. */
import type { App } from "../model/app.ts";

const isOne = ({ databases }: App): boolean => Object.keys(databases ?? {}).length === 1;

/** The variable with the URL by which a command connects to a database. */
export const urlVariable = (app: App, name: string): string =>
  isOne(app) ? "PORTICO_MIGRATE_URL" : `PORTICO_MIGRATE_URL_${name}`;

/** A secret that a pipeline lacks is an empty text. */
export const givenUrl = (app: App, name: string): string | undefined =>
  process.env[`PORTICO_MIGRATE_URL_${name}`] || (isOne(app) && process.env["PORTICO_MIGRATE_URL"]) || undefined;
