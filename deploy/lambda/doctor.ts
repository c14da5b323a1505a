/** Looks at an account and an app before anything is deployed: reading calls and a build in, findings with their fixes out. */
import { GetAccountSettingsCommand } from "@aws-sdk/client-lambda";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import type { App } from "../../framework/model/app.ts";
import { httpApiKeys } from "../../framework/model/http-api-keys.ts";
import type { Finding } from "../finding.ts";
import type { Clients } from "./clients.ts";
import type { LambdaBuild } from "./read-build.ts";
import { listSecrets } from "./secrets.ts";
import { dateOf } from "./server-date.ts";
import { openStore } from "./store.ts";

/** Quotas of an HTTP API (docs.aws.amazon.com, "Quotas for configuring and running an HTTP API"): integrations cannot be raised, routes can. */
const apiLimits = { integrations: 300, routes: 300 } as const;

/** Five minutes are what signatures forgive; half a minute is a clock that runs wrong. */
const skewLimit = 30_000;

/** What to look at. */
export interface Examination {
  readonly clients: Clients;
  readonly account: string;
  readonly app: App;
  readonly build: LambdaBuild;
  readonly isLocal: boolean;
}

/** In the order in which a deploy would meet them. */
export async function examine(examination: Examination): Promise<readonly Finding[]> {
  const findings = await Promise.all([
    checkClock(examination.clients),
    checkAccount(examination),
    checkBucket(examination),
    checkSecrets(examination),
  ]);
  return [...findings.flat(), ...checkLimits(examination)];
}

async function checkClock({ sts, clock }: Clients): Promise<readonly Finding[]> {
  const before = clock.now();
  const answer = await sts.send(new GetCallerIdentityCommand({}));
  const date = dateOf(answer);
  if (date === undefined) return [{ check: "clock", ok: true, text: "the service tells no time" }];
  // The header has whole seconds; the answer was dated between the two looks at our own clock.
  const skew = Math.max(before - date - 1000, date - clock.now(), 0);
  const ok = skew < skewLimit;
  const text = ok ? "this machine's clock agrees with AWS" : `this machine's clock is ${Math.round(skew / 1000)} s off`;
  return [{ check: "clock", ok, text, ...(!ok && { fix: "set the clock (NTP): signatures are refused at five minutes" }) }];
}

async function checkAccount({ clients, account, isLocal }: Examination): Promise<readonly Finding[]> {
  const { AccountLimit, AccountUsage } = await clients.lambda.send(new GetAccountSettingsCommand({}));
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
      ...(!enough && { fix: "ask AWS to raise Lambda's concurrent executions (Service Quotas)" }),
    },
    {
      check: "code storage",
      ok: room,
      text: `${(used / 1024 ** 3).toFixed(2)} of ${(TotalCodeSize / 1024 ** 3).toFixed(0)} GB used`,
      ...(!room && { fix: 'keep fewer releases ("keep" in hosting.json), or ask AWS for more' }),
    },
  ];
}

async function checkBucket({ clients, account }: Examination): Promise<readonly Finding[]> {
  const store = openStore(clients, account);
  const there = (await store.list("locks/")) !== undefined;
  return [{ check: "bucket", ok: true, text: there ? `${store.name} is there` : `${store.name} comes with the first deploy` }];
}

async function checkSecrets({ clients, app, isLocal }: Examination): Promise<readonly Finding[]> {
  if (!app.secrets.length || isLocal) return [];
  const stored = new Set((await listSecrets(clients, { app: app.name, stage: app.stage })).map(({ name }) => name));
  const missing = app.secrets.filter((name) => !stored.has(name));
  if (!missing.length) return [{ check: "secrets", ok: true, text: `all ${app.secrets.length} have a value` }];
  const fix = missing.map((name) => `portico secret set ${name} --stage ${app.stage}`).join("; ");
  return [{ check: "secrets", ok: false, text: `no value for ${missing.join(", ")}`, fix }];
}

function checkLimits({ build }: Examination): readonly Finding[] {
  const { routes, assets, app } = build.manifest;
  if (app.lambda.front === "function-url") return [{ check: "front", ok: true, text: "one function behind its URL: nothing to route" }];
  const functions = build.archives.length;
  const keys = httpApiKeys(routes, assets).length;
  const fix = '"group": "folder" or "app" in hosting.json makes fewer functions of the same code';
  return [
    within("integrations", functions, apiLimits.integrations, `functions, of the ${apiLimits.integrations} that an HTTP API can call`, fix),
    within(
      "routes",
      keys,
      apiLimits.routes,
      `route keys, of ${apiLimits.routes} (AWS raises it on request)`,
      "ask AWS to raise Routes per API, or use fewer patterns",
    ),
  ];
}

function within(check: string, count: number, limit: number, words: string, fix: string): Finding {
  const ok = count <= limit;
  return { check, ok, text: `${count} ${words}`, ...(!ok && { fix }) };
}
