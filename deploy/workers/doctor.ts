/** Looks at an account and an app before anything is deployed: reading calls and a build in, findings with their fixes out. */
import type { App } from "../../framework/model/app.ts";
import type { Finding } from "../finding.ts";
import type { Client } from "./client.ts";
import { CloudflareError, hasCode } from "./cloudflare-error.ts";
import { wantsWorkersDev } from "./fronts.ts";
import { isOurs, scriptName } from "./names.ts";
import type { WorkersBuild } from "./read-build.ts";
import { findScript } from "./script.ts";
import { listSecrets } from "./secrets.ts";

/** What to look at. */
export interface Examination {
  readonly client: Client;
  readonly app: App;
  readonly build: WorkersBuild;
  readonly isLocal: boolean;
}

/** Workers of an account, and files and megabytes of one Worker (docs: Workers limits): on the Free plan, and with the paid one. */
const limits = { scripts: [100, 500], files: [20_000, 100_000], megabytes: 64 } as const;

/** In the order in which a deploy would meet them. */
export async function examine(examination: Examination): Promise<readonly Finding[]> {
  const findings = await Promise.all([
    checkAccount(examination),
    checkName(examination),
    checkSubdomain(examination),
    checkBindings(examination),
    checkSecrets(examination),
  ]);
  return [...findings.flat(), ...checkBuild(examination)];
}

async function checkAccount({ client }: Examination): Promise<readonly Finding[]> {
  const scripts = await client.call<readonly unknown[]>({ operation: "listScripts", method: "GET", path: "/workers/scripts" });
  const [free, paid] = limits.scripts;
  const ok = scripts.length < paid;
  const text = `${scripts.length} Workers; an account has ${free} on the Free plan and ${paid} with the paid one`;
  return [
    { check: "account", ok: true, text: client.account },
    { check: "workers", ok, text, ...(!ok && { fix: "portico remove a stage that is not needed any more, or ask Cloudflare for more" }) },
  ];
}

async function checkName({ client, app }: Examination): Promise<readonly Finding[]> {
  const owner = { app: app.name, stage: app.stage };
  const name = scriptName(owner);
  const script = await findScript(client, name);
  const ok = !script || isOurs(owner, script.tags);
  const text = !script ? `${name} comes with the first deploy` : ok ? `${name} is there` : `${name} is not this app's: its tags say so`;
  return [{ check: "name", ok, text, ...(!ok && { fix: 'rename the app ("name" in hosting.json) or the stage' }) }];
}

async function checkSubdomain({ client, app }: Examination): Promise<readonly Finding[]> {
  if (!wantsWorkersDev(app.workers)) return [{ check: "workers.dev", ok: true, text: "off" }];
  try {
    const { subdomain } = await client.call<{ readonly subdomain: string }>({
      ...{ operation: "getSubdomain", method: "GET", path: "/workers/subdomain" },
    });
    return [{ check: "workers.dev", ok: true, text: `${subdomain}.workers.dev` }];
  } catch (error) {
    if (!hasCode(error, 10007)) throw error;
    const fix = "open Workers & Pages in Cloudflare's dashboard once: that registers one";
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

async function checkBindings({ client, app, isLocal }: Examination): Promise<readonly Finding[]> {
  // At stage local a deploy makes what they name.
  if (isLocal) return [];
  return Promise.all(Object.entries(app.workers.bindings).map(([name, shape]) => checkBinding(client, name, shape)));
}

async function checkBinding(client: Client, name: string, shape: Readonly<Record<string, unknown>>): Promise<Finding> {
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
      fix: 'make it first, or mend "bindings" under "workers" in hosting.json',
    };
  }
}

async function checkSecrets({ client, app, isLocal }: Examination): Promise<readonly Finding[]> {
  if (!app.secrets.length || isLocal) return [];
  const stored = new Set((await listSecrets(client, { app: app.name, stage: app.stage })).map(({ name }) => name));
  const missing = app.secrets.filter((name) => !stored.has(name));
  if (!missing.length) return [{ check: "secrets", ok: true, text: `all ${app.secrets.length} have a value` }];
  const fix = missing.map((name) => `portico secret set ${name} --stage ${app.stage}`).join("; ");
  return [{ check: "secrets", ok: false, text: `no value for ${missing.join(", ")}`, fix }];
}

function checkBuild({ build }: Examination): readonly Finding[] {
  const megabytes = build.modules.reduce((sum, { type, bytes }) => sum + (type === "source-map" ? 0 : bytes), 0) / 1024 ** 2;
  const [free, paid] = limits.files;
  const fits = build.files.length <= paid;
  return [
    { check: "size", ok: true, text: `${megabytes.toFixed(2)} of ${limits.megabytes} MB` },
    {
      ...{ check: "static files", ok: fits, text: `${build.files.length}, of ${free} on the Free plan and ${paid} with the paid one` },
      ...(!fits && { fix: "put some of them into an R2 bucket" }),
    },
  ];
}
