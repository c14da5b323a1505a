/** The checks of `portico doctor` for an AWS account and an app, before anything is deployed. */
import { GetAccountSettingsCommand, type GetAccountSettingsCommandOutput } from "@aws-sdk/client-lambda";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import type { App } from "../../framework/model/app.ts";
import { httpApiKeys } from "../../framework/model/http-api-keys.ts";
import { checkOwner, checkSecrets, type CheckResult } from "../check-result.ts";
import { type Clients, dateOf } from "./clients.ts";
import type { LambdaBuild } from "./build.ts";
import { bucketNetworkNote, findFilesBucket } from "./files-bucket.ts";
import { findQueues, queueName } from "./job-queues.ts";
import { neededJobs, queueNetworkNote } from "./jobs.ts";
import { listSecrets } from "./secrets.ts";
import { networkNote } from "./desired-parts.ts";
import { buildNeedsFiles, neededTable } from "./desired-state.ts";
import { filesBucketName } from "./names.ts";
import { openStore } from "./store.ts";
import { findTable, tableName } from "./table.ts";

/**
 * Quotas of an HTTP API (docs.aws.amazon.com, "Quotas for configuring and running an HTTP API"): integrations cannot be
 * raised, routes can.
 */
const apiLimits = { integrations: 300, routes: 300 } as const;

/** AWS accepts signatures for five minutes; a skew of half a minute is reported already. */
const skewLimit = 30_000;

/** The app, its build and the account that are checked. */
export interface Examination {
  readonly clients: Clients;
  readonly account: string;
  readonly app: App;
  readonly build: LambdaBuild;
  readonly isLocal: boolean;
}

type AccountSettings = Promise<Pick<GetAccountSettingsCommandOutput, "AccountLimit" | "AccountUsage">>;

/** In the order in which a deploy would meet them. */
export async function examine(examination: Examination): Promise<readonly CheckResult[]> {
  const settings = examination.clients.lambda.send(new GetAccountSettingsCommand({}));
  const findings = await Promise.all([
    checkClock(examination.clients),
    checkAccount(examination, settings),
    checkBucket(examination),
    checkStoredSecrets(examination),
    checkStore(examination),
    checkFiles(examination),
    checkJobs(examination, settings),
  ]);
  return [...findings.flat(), ...checkLimits(examination)];
}

/** How many environments all functions of the account and region have at once, at the most; where AWS says so. */
export async function mostEnvironments({ lambda }: Pick<Clients, "lambda">): Promise<number | undefined> {
  const { AccountLimit } = await lambda.send(new GetAccountSettingsCommand({}));
  return AccountLimit?.ConcurrentExecutions;
}

async function checkClock({ sts, clock }: Clients): Promise<readonly CheckResult[]> {
  const before = clock.now();
  const answer = await sts.send(new GetCallerIdentityCommand({}));
  const date = dateOf(answer);
  if (date === undefined) return [{ check: "clock", ok: true, text: "the response has no date" }];
  // The header has whole seconds; the answer was dated between the two looks at our own clock.
  const skew = Math.max(before - date - 1000, date - clock.now(), 0);
  const ok = skew < skewLimit;
  const text = ok ? "this machine's clock agrees with AWS" : `this machine's clock is ${Math.round(skew / 1000)} s off`;
  return [
    {
      check: "clock",
      ok,
      text,
      ...(!ok && { fix: "Set the clock with NTP: AWS refuses signatures that are off by five minutes." }),
    },
  ];
}

async function checkAccount(
  { clients, account, isLocal }: Examination,
  settings: AccountSettings,
): Promise<readonly CheckResult[]> {
  const { AccountLimit, AccountUsage } = await settings;
  const { ConcurrentExecutions = 0, TotalCodeSize = 0 } = AccountLimit ?? {};
  const used = AccountUsage?.TotalCodeSize ?? 0;
  const enough = isLocal || ConcurrentExecutions > 100;
  const room = TotalCodeSize === 0 || used < TotalCodeSize * 0.9;
  return [
    { check: "account", ok: true, text: `${account} in ${clients.region}` },
    {
      check: "concurrency",
      ok: enough,
      text: `${ConcurrentExecutions} environments at once, for all functions of the account and region`,
      ...(!enough && { fix: "Ask AWS to raise Lambda's concurrent executions (Service Quotas)." }),
    },
    {
      check: "code storage",
      ok: room,
      text: `${(used / 1024 ** 3).toFixed(2)} of ${(TotalCodeSize / 1024 ** 3).toFixed(0)} GB used`,
      ...(!room && { fix: 'Keep fewer releases ("keep" in hosting.json), or ask AWS for more code storage.' }),
    },
  ];
}

async function checkBucket({ clients, account }: Examination): Promise<readonly CheckResult[]> {
  const store = openStore(clients, account);
  const there = (await store.list("locks/")) !== undefined;
  return [
    { check: "bucket", ok: true, text: there ? `${store.name} is there` : `${store.name} comes with the first deploy` },
  ];
}

async function checkStoredSecrets({ clients, app, isLocal }: Examination): Promise<readonly CheckResult[]> {
  if (!app.secrets.length || isLocal) return [];
  const stored = await listSecrets(clients, { app: app.name, stage: app.stage });
  return [checkSecrets(app, new Set(stored.map(({ name }) => name)))];
}

/** EC2 is not asked whether a VPC has a way to the table: a deploy needs none of its permissions. */
async function checkStore({ clients, account, app, build }: Examination): Promise<readonly CheckResult[]> {
  if (!neededTable(build)) return [];
  const owner = { app: app.name, stage: app.stage };
  const found = await findTable(clients, owner, { account, region: clients.region });
  const table = checkOwner("store", `the table ${tableName(owner)}`, found?.owner);
  return app.lambda.vpc ? [table, { check: "network", ok: true, text: networkNote }] : [table];
}

async function checkFiles({ clients, account, app, build }: Examination): Promise<readonly CheckResult[]> {
  if (!buildNeedsFiles(build)) return [];
  const owner = { app: app.name, stage: app.stage };
  const place = { account, region: clients.region };
  const found = await findFilesBucket(clients, owner, place);
  // One without tags is a deploy's that died.
  const bucket = checkOwner(
    "files",
    `the bucket ${filesBucketName(owner, place)}`,
    found === "empty" ? undefined : found,
  );
  return app.lambda.vpc ? [bucket, { check: "network", ok: true, text: bucketNetworkNote }] : [bucket];
}

async function checkJobs(
  { clients, account, app, build }: Examination,
  settings: AccountSettings,
): Promise<readonly CheckResult[]> {
  const needed = neededJobs(build.manifest);
  if (!needed) return [];
  const owner = { app: app.name, stage: app.stage };
  const [found, { AccountLimit }] = await Promise.all([
    findQueues(clients, owner, { account, region: clients.region }),
    settings,
  ]);
  const queue = checkOwner("jobs", `the queue ${queueName(owner)}`, found.dead === "taken" ? "taken" : found.queue, {
    taken: "or its dead letters' belongs to another app or stage, by its tags",
  });
  const environments = AccountLimit?.ConcurrentExecutions ?? Infinity;
  const leavesRoom = needed.concurrency < environments;
  return [
    queue,
    {
      check: "jobs at once",
      ok: leavesRoom,
      text: `${needed.concurrency}, of the account's ${environments} environments`,
      ...(!leavesRoom && { fix: 'Lower "jobConcurrency" in hosting.json: requests would find no environment.' }),
    },
    ...(app.lambda.vpc ? [{ check: "network", ok: true, text: queueNetworkNote }] : []),
  ];
}

function checkLimits({ build }: Examination): readonly CheckResult[] {
  const { routes, assets, app } = build.manifest;
  if (app.lambda.front === "function-url")
    return [{ check: "front", ok: true, text: "one function behind its URL: nothing to route" }];
  // Those of jobs and of migrations are called otherwise; no route's id begins with `_`.
  const functions = build.archives.filter(({ fn }) => !fn.id.startsWith("_")).length;
  const keys = httpApiKeys(routes, assets).length;
  const fix = 'Set "group": "folder" or "app" in hosting.json: the same code then needs fewer functions.';
  return [
    within(
      "integrations",
      functions,
      apiLimits.integrations,
      `functions, of the ${apiLimits.integrations} that an HTTP API can call`,
      fix,
    ),
    within(
      "routes",
      keys,
      apiLimits.routes,
      `route keys, of ${apiLimits.routes} (AWS raises it on request)`,
      "Ask AWS to raise Routes per API, or use fewer patterns.",
    ),
  ];
}

function within(check: string, count: number, limit: number, words: string, fix: string): CheckResult {
  const ok = count <= limit;
  return { check, ok, text: `${count} ${words}`, ...(!ok && { fix }) };
}
