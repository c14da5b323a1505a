/**
 * The types of an app as declarations beside its hosting.json: `routes.d.ts` has the routes for `portico/client`, env
 * and secrets, what middleware sets, and jobs with their data; `templates.d.ts` what each template needs.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { App } from "../model/app.ts";
import type { Job } from "../model/job.ts";
import { filePattern } from "../model/pattern.ts";
import type { Route } from "../model/route.ts";
import { templateTypesFile, templateTypesText } from "./template-types.ts";

/** The file, relative to the app's root. */
export const typesFile = "routes.d.ts";

/** What the declaration is made of; nothing of it is run. */
export interface AppTypes {
  readonly app: Pick<App, "root" | "env" | "secrets" | "databases" | "templates">;
  readonly routes: readonly Pick<Route, "file" | "segments" | "middleware">[];
  readonly jobs: readonly Job[];
}

/** Whether the files on disk are what they should be. */
export const areTypesCurrent = (types: AppTypes): boolean => outdated(types).length === 0;

/** Writes the files where they changed, and says whether they did. */
export function writeTypes(types: AppTypes): boolean {
  const files = outdated(types);
  for (const { file, text } of files) {
    if (text === undefined) rmSync(file);
    else writeFileSync(file, text);
  }
  return files.length > 0;
}

/** The files whose text is another one; undefined for one that an app without templates does not have. */
function outdated(types: AppTypes): readonly { readonly file: string; readonly text: string | undefined }[] {
  const templates = templateTypesText(types.app);
  const texts = { [typesFile]: typesText(types, templates !== undefined), [templateTypesFile]: templates };
  return Object.entries(texts)
    .map(([name, text]) => ({ file: join(types.app.root, name), text }))
    .filter(({ file, text }) => textOf(file) !== text);
}

/** Writes the files in a project of TypeScript; another one has no use for it. */
export function writeTypesForCompiler(types: AppTypes): void {
  if (existsSync(join(types.app.root, "tsconfig.json"))) writeTypes(types);
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** An ambient module cannot be imported. */
const templateReference = [
  "// oxlint-disable-next-line typescript/triple-slash-reference -- a file of ambient modules cannot be imported",
  `/// <reference path="./${templateTypesFile}" />`,
];

/** The text, in the order of names, so that equal apps have equal files. */
export function typesText({ app, routes, jobs }: AppTypes, hasTemplates = false): string {
  const variables = routes.filter(({ middleware }) => middleware.length > 0);
  const env = [
    ...[...Object.keys(app.env), ...app.secrets].map((name) => [name, "string"] as const),
    ...Object.keys(app.databases ?? {}).map((name) => [name, "{ readonly connectionString: string }"] as const),
  ];
  return [
    "// Written by portico types and by portico dev; portico types --check tells whether it is current.",
    ...(hasTemplates ? templateReference : []),
    ...(variables.length > 0 ? [`import type { VariablesOf } from "portico";`] : []),
    ...(jobs.length > 0 ? [`import type { JobData } from "portico/jobs";`] : []),
    "",
    "/** The app's routes by the paths of their files: `createClient<Routes>` of portico/client. */",
    ...declared("export interface Routes", routes, (route) => [filePattern(route.segments), moduleOf(route.file)]),
    "",
    `declare module "portico" {`,
    ...indented([
      "/** Env and secrets of hosting.json. */",
      ...declared("interface Bindings", env, (one) => one),
      "",
      "/** What the middleware above each route sets. */",
      ...declared("interface Variables", variables, ({ segments, middleware }) => [
        filePattern(segments),
        middleware.map((file) => `VariablesOf<${moduleOf(file)}.default>`).join(" & "),
      ]),
    ]),
    "}",
    "",
    ...(jobs.length > 0 ? jobTypes(jobs) : []),
  ].join("\n");
}

/** A job's data are the first parameter of its function. */
const jobTypes = (jobs: readonly Job[]): readonly string[] => [
  `declare module "portico/jobs" {`,
  ...indented([
    "/** Jobs with their data. */",
    ...declared("interface Jobs", jobs, ({ name, file }) => [name, `JobData<${moduleOf(file)}.default>`]),
  ]),
  "}",
  "",
];

/** An interface of read-only properties, in the order of their names. */
function declared<Item>(
  head: string,
  items: readonly Item[],
  propertyOf: (item: Item) => readonly [name: string, type: string],
): readonly string[] {
  if (items.length === 0) return [`${head} {}`];
  const properties = items.map(propertyOf).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return [`${head} {`, ...properties.map(([name, type]) => `  readonly ${propertyName(name)}: ${type};`), "}"];
}

/** Quoted where it has to be, as formatters leave it. */
const propertyName = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name));

const moduleOf = (file: string): string => `typeof import(${JSON.stringify(`./${file}`)})`;

const indented = (lines: readonly string[]): readonly string[] => lines.map((line) => line && `  ${line}`);
