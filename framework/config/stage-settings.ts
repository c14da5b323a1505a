/** One stage's settings from hosting.json, and the App record that they become once defaults are filled in. */
import { basename } from "node:path";
import {
  type App,
  defaultCompatibilityDate,
  defaultSettings,
  type FunctionSettings,
  type LambdaApp,
  type SmokeCheck,
  type WorkersApp,
} from "../model/app.ts";
import type { Extension } from "../model/extension.ts";
import { type Database, migrationsFolder } from "../model/database.ts";
import type { DatabaseSettings } from "./database-rules.ts";
import type { JobSettings } from "../model/job.ts";
import type { Target } from "../model/target.ts";

/** The keys that a stage may have, as hosting-rules.ts allows them. */
export interface StageSettings {
  readonly target?: Target | readonly Target[];
  readonly assets?: string;
  readonly templates?: string;
  readonly headers?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly group?: App["group"];
  readonly trailingSlash?: "redirect";
  readonly routes?: Readonly<Record<string, Partial<FunctionSettings>>>;
  readonly files?: readonly string[];
  readonly external?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly extensions?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly databases?: Readonly<Record<string, DatabaseSettings>>;
  readonly smoke?: readonly (Omit<SmokeCheck, "status"> & { readonly status?: number })[];
  readonly jobs?: Readonly<Record<string, JobSettings>>;
  readonly jobConcurrency?: number;
  readonly clock?: App["clock"];
  readonly keep?: number;
  readonly logLevel?: App["logLevel"];
  readonly traces?: boolean;
  readonly lambda?: Partial<Omit<LambdaApp, "vpc">> & {
    readonly vpc?: { readonly subnets?: readonly string[]; readonly securityGroups?: readonly string[] };
  };
  readonly workers?: Partial<WorkersApp>;
  readonly state?: "separate";
  readonly protected?: boolean;
}

/** The content of hosting.json. */
export interface HostingFile extends Omit<StageSettings, "protected"> {
  readonly name?: string;
  readonly stages?: Readonly<Record<string, StageSettings>>;
}

/** The settings of one stage. */
export interface Settings extends StageSettings, Pick<HostingFile, "name"> {
  /** Whether the stage is one of "stages". */
  readonly named?: boolean;
}

/** The general settings with the stage's merged in: objects key by key; lists and other values are replaced. */
export function mergeStage({ stages = {}, ...base }: HostingFile, stage: string): Settings {
  const named = Object.hasOwn(stages, stage);
  return { ...(merge(base, named ? stages[stage] : {}) as Settings), named };
}

function merge(base: unknown, over: unknown): unknown {
  if (!isObject(base) || !isObject(over)) return over;
  const merged = new Map(Object.entries(base));
  for (const [key, value] of Object.entries(over))
    merged.set(key, merged.has(key) ? merge(merged.get(key), value) : value);
  return Object.fromEntries(merged);
}

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** @param target overrides the settings' own @param extensions those of the settings */
export function toApp(
  root: string,
  stage: string,
  settings: Settings,
  target?: Target,
  extensions: readonly Extension[] = [],
): App {
  const {
    name = nameOf(root),
    headers = {},
    routes = {},
    files = [],
    external = [],
    env = {},
    secrets = [],
    smoke = [],
    keep = 10,
  } = settings;
  return {
    root,
    name,
    stage,
    protected: settings.protected ?? false,
    ...(settings.named && { named: true }),
    targets: [target ?? settings.target ?? "lambda"].flat(),
    assets: settings.assets ?? "functions/_public",
    headers: Object.entries(headers).map(([pattern, own]) => ({ pattern, headers: own })),
    ...(settings.templates !== undefined && { templates: settings.templates }),
    group: settings.group ?? "route",
    ...(settings.trailingSlash && { trailingSlash: settings.trailingSlash }),
    routes: [
      { pattern: "/*", settings: defaultSettings },
      ...Object.entries(routes).map(([pattern, own]) => ({ pattern, settings: own })),
    ],
    files,
    external,
    env,
    ...withExtensions(secrets, extensions),
    ...databaseSettings(settings),
    smoke: smoke.map(({ path, status = 200 }) => ({ path, status })),
    ...jobSettings(settings),
    keep,
    ...logSettings(settings),
    ...(settings.state && { state: settings.state }),
    lambda: toLambdaApp(settings.lambda),
    workers: {
      compatibilityDate: defaultCompatibilityDate,
      bindings: {},
      domains: [],
      routes: [],
      ...settings.workers,
    },
  };
}

/** An app without extensions has no word of them, so that its build is the same as ever. */
const withExtensions = (
  secrets: readonly string[],
  extensions: readonly Extension[],
): Pick<App, "secrets" | "extensions"> => ({
  secrets: [...new Set([...secrets, ...extensions.flatMap((one) => one.secrets ?? [])])],
  ...(extensions.length > 0 && { extensions }),
});

const logSettings = ({ logLevel, traces }: Settings): Pick<App, "logLevel" | "traces"> => ({
  ...(logLevel && { logLevel }),
  ...(traces && { traces }),
});

/** An app without databases has no such key, so that its build is the same as ever. */
const databaseSettings = ({ databases = {} }: Settings): Pick<App, "databases"> =>
  Object.keys(databases).length === 0
    ? {}
    : { databases: Object.fromEntries(Object.entries(databases).map(([name, given]) => [name, toDatabase(given)])) };

const toDatabase = ({ migrations = migrationsFolder, shared, ...given }: DatabaseSettings): Database => ({
  ...given,
  migrations,
  ...(shared && { shared }),
});

/** An app without jobs has no settings of them, so that its build is the same as ever. */
function jobSettings({ jobs = {}, jobConcurrency, named, clock = named || undefined }: Settings): Partial<App> {
  return {
    ...(Object.keys(jobs).length > 0 && { jobs, ...(clock !== undefined && { clock }) }),
    ...(jobConcurrency !== undefined && { jobConcurrency }),
  };
}

/** `validateSettings` has rejected a VPC with only one of its lists; an empty VPC means none. */
function toLambdaApp({ vpc, ...aws }: NonNullable<StageSettings["lambda"]> = {}): LambdaApp {
  const { subnets, securityGroups } = vpc ?? {};
  return {
    architecture: "arm64",
    logRetention: 30,
    policies: [],
    ...aws,
    ...(subnets && securityGroups && { vpc: { subnets, securityGroups } }),
  };
}

/** The folder's name, converted to a valid app name. */
function nameOf(root: string): string {
  const slug = basename(root)
    .normalize("NFKD")
    .toLowerCase()
    .replace(/\p{M}/gu, "")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
  return /^[a-z]/.test(slug) ? slug : slug ? `app-${slug}` : "app";
}
