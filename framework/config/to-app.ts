/** Makes the app of checked settings: what hosting.json says in, stage overrides applied and defaults filled in out. */
import { basename } from "node:path";
import { type App, defaultSettings, type FunctionSettings, type LambdaApp, type SmokeCheck, type WorkersApp } from "../model/app.ts";
import type { Target } from "../model/target.ts";

/** What a stage may say, as the rules in hosting.ts allow it. */
export interface StageSettings {
  readonly target?: Target | readonly Target[];
  readonly assets?: string;
  readonly headers?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly group?: App["group"];
  readonly routes?: Readonly<Record<string, Partial<FunctionSettings>>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly smoke?: readonly (Omit<SmokeCheck, "status"> & { readonly status?: number })[];
  readonly keep?: number;
  readonly lambda?: Partial<Omit<LambdaApp, "vpc">> & {
    readonly vpc?: { readonly subnets?: readonly string[]; readonly securityGroups?: readonly string[] };
  };
  readonly workers?: Partial<WorkersApp>;
  readonly protected?: boolean;
}

/** What the file may say. */
export interface HostingFile extends Omit<StageSettings, "protected"> {
  readonly name?: string;
  readonly stages?: Readonly<Record<string, StageSettings>>;
}

/** The settings of one stage. */
export type Settings = StageSettings & Pick<HostingFile, "name">;

/** The file's settings with its stage's over them: objects key by key, anything else replaced. */
export function forStage({ stages = {}, ...base }: HostingFile, stage: string): Settings {
  return merge(base, Object.hasOwn(stages, stage) ? stages[stage] : {}) as Settings;
}

function merge(base: unknown, over: unknown): unknown {
  if (!isObject(base) || !isObject(over)) return over;
  const merged = new Map(Object.entries(base));
  for (const [key, value] of Object.entries(over)) merged.set(key, merged.has(key) ? merge(merged.get(key), value) : value);
  return Object.fromEntries(merged);
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null && !Array.isArray(value);

/** @param target overrides the settings' own */
export function toApp(root: string, stage: string, settings: Settings, target?: Target): App {
  const { name = nameOf(root), headers = {}, routes = {}, env = {}, secrets = [], smoke = [], keep = 10 } = settings;
  return {
    root,
    name,
    stage,
    protected: settings.protected ?? false,
    targets: [target ?? settings.target ?? "lambda"].flat(),
    assets: settings.assets ?? "functions/_public",
    headers: Object.entries(headers).map(([pattern, own]) => ({ pattern, headers: own })),
    group: settings.group ?? "route",
    routes: [{ pattern: "/*", settings: defaultSettings }, ...Object.entries(routes).map(([pattern, own]) => ({ pattern, settings: own }))],
    env,
    secrets,
    smoke: smoke.map(({ path, status = 200 }) => ({ path, status })),
    keep,
    lambda: toLambdaApp(settings.lambda),
    workers: { compatibilityDate: "2026-08-01", bindings: {}, domains: [], routes: [], ...settings.workers },
  };
}

/** Half a VPC was refused before; an empty one is none. */
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

/** The folder's name in the form that an app's name has. */
function nameOf(root: string): string {
  const slug = basename(root)
    .normalize("NFKD")
    .toLowerCase()
    .replace(/\p{M}/gu, "")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
  return /^[a-z]/.test(slug) ? slug : slug ? `app-${slug}` : "app";
}
