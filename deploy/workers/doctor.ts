/** The checks of `portico doctor` for a Cloudflare account and an app, before anything is deployed. */
import type { App } from "../../framework/model/app.ts";
import { hasDatabases } from "../../framework/model/database.ts";
import { checkOwner, checkSecrets, type CheckResult } from "../check-result.ts";
import type { Client } from "./client.ts";
import { CloudflareError, hasCode } from "./cloudflare-error.ts";
import { wantsWorkersDev } from "./triggers.ts";
import { isOurs, scriptName } from "./names.ts";
import type { WorkersBuild } from "./build.ts";
import { configLimits, configuredDatabases, lookForConfigs, storedConfigs } from "./hyperdrive-configs.ts";
import { needs } from "./desired-state.ts";
import { findQueues } from "./job-queues.ts";
import { cronNote } from "./job-triggers.ts";
import { findBucket } from "./files-bucket.ts";
import { databaseNote, findStore } from "./store-database.ts";
import { findScript } from "./worker-reads.ts";
import { listSecrets, newestVersion } from "./secrets.ts";

/** The app and its build that are checked. */
export interface Examination {
  readonly client: Client;
  readonly app: App;
  readonly build: WorkersBuild;
  readonly isLocal: boolean;
}

/**
 * Workers of an account, and files and megabytes of one Worker (docs: Workers limits): on the Free plan, and with the
 * paid one.
 */
const limits = { scripts: [100, 500], files: [20_000, 100_000], megabytes: 64 } as const;

/** In the order in which a deploy would meet them. */
export async function examine(examination: Examination): Promise<readonly CheckResult[]> {
  const findings = await Promise.all([
    checkAccount(examination),
    checkName(examination),
    checkSubdomain(examination),
    checkBindings(examination),
    checkStoredSecrets(examination),
    checkStore(examination),
    checkFiles(examination),
    checkQueues(examination),
    checkHyperdrive(examination),
  ]);
  return [...findings.flat(), ...checkBuild(examination)];
}

async function checkAccount({ client }: Examination): Promise<readonly CheckResult[]> {
  const scripts = await client.call<readonly unknown[]>({
    operation: "listScripts",
    method: "GET",
    path: "/workers/scripts",
  });
  const [free, paid] = limits.scripts;
  const ok = scripts.length < paid;
  const text = `${scripts.length} Workers; an account has ${free} on the Free plan and ${paid} with the paid one`;
  return [
    { check: "account", ok: true, text: client.account },
    {
      check: "workers",
      ok,
      text,
      ...(!ok && {
        fix: "Remove an unused stage with portico remove --stage NAME, or ask Cloudflare for more Workers.",
      }),
    },
  ];
}

async function checkName({ client, app }: Examination): Promise<readonly CheckResult[]> {
  const owner = { app: app.name, stage: app.stage };
  const name = scriptName(owner);
  const script = await findScript(client, name);
  return [checkOwner("name", name, script && (isOurs(owner, script.tags) ? "ours" : "taken"))];
}

async function checkSubdomain({ client, app }: Examination): Promise<readonly CheckResult[]> {
  if (!wantsWorkersDev(app.workers)) return [{ check: "workers.dev", ok: true, text: "off" }];
  try {
    const { subdomain } = await client.call<{ readonly subdomain: string }>({
      operation: "getSubdomain",
      method: "GET",
      path: "/workers/subdomain",
    });
    return [{ check: "workers.dev", ok: true, text: `${subdomain}.workers.dev` }];
  } catch (error) {
    if (!hasCode(error, 10007)) throw error;
    const fix = "Open Workers & Pages in Cloudflare's dashboard once: that registers one.";
    return [{ check: "workers.dev", ok: false, text: "the account has no workers.dev subdomain yet", fix }];
  }
}

/** Where a binding's thing is read, by its type and the member that names it. */
const places: Readonly<Record<string, readonly [string, string]>> = {
  kv_namespace: ["namespace_id", "/storage/kv/namespaces/"],
  d1: ["id", "/d1/database/"],
  r2_bucket: ["bucket_name", "/r2/buckets/"],
  service: ["service", "/workers/workers/"],
};

async function checkBindings({ client, app, isLocal }: Examination): Promise<readonly CheckResult[]> {
  // At stage local a deploy creates the resources that bindings name.
  if (isLocal) return [];
  return Promise.all(Object.entries(app.workers.bindings).map(([name, shape]) => checkBinding(client, name, shape)));
}

async function checkBinding(
  client: Client,
  name: string,
  shape: Readonly<Record<string, unknown>>,
): Promise<CheckResult> {
  const type = String(shape["type"]);
  const [member, path] = places[type] ?? [];
  const check = `binding ${name}`;
  if (member === undefined || path === undefined) return { check, ok: true, text: type };
  const named = shape[member] ?? shape["database_id"];
  const id = typeof named === "string" ? named : "";
  try {
    await client.call({ operation: "find", method: "GET", path: path + encodeURIComponent(id) });
    return { check, ok: true, text: `${type} ${id}` };
  } catch (error) {
    if (!(error instanceof CloudflareError) || error.status !== 404) throw error;
    return {
      check,
      ok: false,
      text: `there is no ${type} ${id}`,
      fix: 'Create it first, or correct "bindings" under "workers" in hosting.json.',
    };
  }
}

async function checkStoredSecrets({ client, app, isLocal }: Examination): Promise<readonly CheckResult[]> {
  if (!app.secrets.length || isLocal) return [];
  const stored = await listSecrets(client, { app: app.name, stage: app.stage });
  return [checkSecrets(app, new Set(stored.map(({ name }) => name)))];
}

/** What nobody uses yet is taken over. */
const ownerOf = (state: "ours" | "empty" | "free" | "taken"): "ours" | "taken" =>
  state === "taken" ? "taken" : "ours";

const withNote = (check: CheckResult, note: string | undefined): CheckResult =>
  note === undefined ? check : { ...check, text: `${check.text}; ${note}` };

async function checkStore({ client, app, build }: Examination): Promise<readonly CheckResult[]> {
  if (!needs(build.manifest, "store")) return [];
  const owner = { app: app.name, stage: app.stage };
  const name = scriptName(owner);
  try {
    const found = await findStore(client, owner);
    const note = found ? undefined : await databaseNote(client);
    const check = checkOwner("store", `the D1 database ${name}`, found && ownerOf(found.state), {
      taken: "has tables that are not this app's",
      fix: "Rename the app or the stage, or that database.",
    });
    return [withNote(check, note)];
  } catch (error) {
    if (!hasCode(error, 10_000, 9109)) throw error;
    return [
      { check: "store", ok: false, text: "the token may not read D1 databases", fix: "Give the token D1: Edit." },
    ];
  }
}

async function checkFiles({ client, app, build }: Examination): Promise<readonly CheckResult[]> {
  if (!needs(build.manifest, "files")) return [];
  const owner = { app: app.name, stage: app.stage };
  try {
    const found = await findBucket(client, owner);
    return [
      checkOwner("files", `the R2 bucket ${scriptName(owner)}`, found && ownerOf(found), {
        taken: "has objects of somebody else",
        fix: "Rename the app or the stage.",
      }),
    ];
  } catch (error) {
    if (!hasCode(error, 10_000, 9109, 10_042)) throw error;
    const fix = "Enable R2 in Cloudflare's dashboard, and give the token Workers R2 Storage: Edit.";
    return [{ check: "files", ok: false, text: "the token may not read R2 buckets, or R2 is not enabled", fix }];
  }
}

async function checkQueues({ client, app, build }: Examination): Promise<readonly CheckResult[]> {
  if (!build.manifest.jobs) return [];
  const owner = { app: app.name, stage: app.stage };
  const name = scriptName(owner);
  try {
    const found = await findQueues(client, owner);
    const note = found?.hasClock ? undefined : await cronNote(client);
    const check = checkOwner("jobs", `the queue ${name}`, found?.id === undefined ? undefined : ownerOf(found.state), {
      taken: "has another Worker",
      fix: "Rename the app or the stage, or remove that queue.",
    });
    return [withNote(check, note)];
  } catch (error) {
    if (!hasCode(error, 10_000, 9109)) throw error;
    return [{ check: "jobs", ok: false, text: "the token may not read queues", fix: "Give the token Queues: Edit." }];
  }
}

/** How many configurations the account has, whether the user's own are there, and which databases have none. */
async function checkHyperdrive({ client, app, isLocal }: Examination): Promise<readonly CheckResult[]> {
  if (!hasDatabases(app)) return [];
  const owner = { app: app.name, stage: app.stage };
  const configs = await lookForConfigs(client, owner);
  const check = "hyperdrive";
  if (!configs) {
    const text = "the token may not read configurations of Hyperdrive";
    return [{ check, ok: false, text, fix: "Give the token Hyperdrive: Edit." }];
  }
  const [free, paid] = configLimits;
  const room = `an account has ${free} on the Free plan and ${paid} with the paid one`;
  const count = `${configs.all.length} configurations; ${room}`;
  const missing = Object.entries(app.workers.hyperdrive ?? {}).filter(
    ([, id]) => !configs.all.some((config) => config.id === id),
  );
  const own = missing.map(([name, id]): CheckResult => {
    const fix = 'Correct the id under "workers": { "hyperdrive" } in hosting.json, or remove it.';
    return { check, ok: false, text: `there is no configuration ${id} for ${name}`, fix };
  });
  if (isLocal) return [{ check, ok: true, text: count }, ...own];
  const stored = storedConfigs((await newestVersion(client, owner))?.bindings ?? []);
  const without = Object.entries(configuredDatabases(app)).filter(([name]) => stored[name] === undefined);
  const direct = without.map(([name, secret]): CheckResult => {
    const text = `${name} has no configuration: the Worker connects to its URL; portico secret set ${secret} makes one`;
    return { check, ok: true, text };
  });
  return [{ check, ok: true, text: count }, ...own, ...direct];
}

function checkBuild({ build }: Examination): readonly CheckResult[] {
  const megabytes =
    build.modules.reduce((sum, { type, bytes }) => sum + (type === "source-map" ? 0 : bytes), 0) / 1024 ** 2;
  const [free, paid] = limits.files;
  const fits = build.files.length <= paid;
  return [
    { check: "size", ok: true, text: `${megabytes.toFixed(2)} of ${limits.megabytes} MB` },
    {
      check: "static files",
      ok: fits,
      text: `${build.files.length}, of ${free} on the Free plan and ${paid} with the paid one`,
      ...(!fits && { fix: "Put some of them into an R2 bucket." }),
    },
  ];
}
