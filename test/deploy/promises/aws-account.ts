/**
 * The rows of a real AWS account, one for each front; each world is an app of its own, and all are removed at the end.
 */
import { GetApisCommand, GetStagesCommand } from "@aws-sdk/client-apigatewayv2";
import { GetFunctionUrlConfigCommand } from "@aws-sdk/client-lambda";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { defaultProvider } from "@aws-sdk/credential-provider-node";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { createLockOwner } from "../../../deploy/lock-owner.ts";
import { type Clients, createClients } from "../../../deploy/lambda/clients.ts";
import { functionName, stageName } from "../../../deploy/lambda/names.ts";
import { awsRates } from "../../../deploy/lambda/rate-limiter.ts";
import type { Owner } from "../../../deploy/parts.ts";
import { readPages } from "../../../deploy/lambda/http-api/api.ts";
import { realClock } from "../busy-clock.ts";
import { isMissing } from "../../../deploy/lambda/aws-error.ts";
import { retry } from "../../../deploy/retry.ts";
import { removeStage } from "../../../deploy/teardown.ts";
import type { LambdaFront } from "../../../framework/model/app.ts";
import { lambda, lambdaUrl, type Place, toPlatform } from "./lambda.ts";
import { lambdaNames, lambdaOrphans, readLambdaState } from "./lambda-state.ts";
import { toShape } from "./state-shape.ts";
import { type Emulation, keep, type Process, type Row } from "./row.ts";

/** What was opened and not closed yet: a test that took too long is not there to do it. */
const standing = new Set<Emulation>();

/**
 * Since the tests began: calls to AWS's APIs, those that only look among them; and how often apps were asked, a few
 * paths each time.
 */
let calls = 0;
let rounds = 0;
export const callsSpent = (): { readonly calls: number; readonly rounds: number } => ({ calls, rounds });

/** Takes away what tests left. Throws Error with the names of what could not be removed. */
export async function sweep(): Promise<void> {
  const failures: unknown[] = [];
  for (const one of standing) await one.close().catch((error: unknown) => failures.push(error));
  if (failures.length) throw new AggregateError(failures, failures.map(String).join("; "));
}

/** Credentials by the SDK's own chain, the region from AWS_REGION. */
async function openAccount(front: LambdaFront, folder: string): Promise<Emulation> {
  const region = process.env["AWS_REGION"];
  if (!region) throw new Error("PORTICO_CLOUD=aws wants AWS_REGION");
  const access = { region, credentials: defaultProvider() };
  const clients = createClients(access, { rates: awsRates, onCall: () => (calls += 1) });
  const { Account: account = "" } = await clients.sts.send(new GetCallerIdentityCommand({}));
  // Several may run at once, in one account; and what came before under the same name may not be gone everywhere.
  const owner = { app: `promise-${randomBytes(4).toString("hex")}`, stage: "test" };
  const place: Place = { front, access, account, owner, clock: realClock };
  let closing: Promise<void> | undefined;
  // It stays as long as the stage does; who asks a path ten times a second does not ask for it each time.
  let url: string | undefined;
  const world: Emulation = {
    platform: (process) => toPlatform(place, counted(process)),
    state: async () => toShape(await readLambdaState(clients, owner, account), owner),
    orphans: async () => lambdaOrphans(await readLambdaState(clients, owner, account)),
    async url() {
      rounds += 1;
      return (url ??= await (front === "function-url" ? functionUrl(clients, owner) : apiUrl(clients, owner)));
    },
    close: () =>
      (closing ??= takeAway(place, clients, folder).then(() => {
        standing.delete(world);
      })),
  };
  standing.add(world);
  return world;
}

const counted = (process: Process): Process => ({
  ...process,
  paced: true,
  transport: (call, send) => process.transport(call, () => ((calls += 1), send())),
});

async function apiUrl({ api }: Clients, owner: Owner): Promise<string | undefined> {
  const apis = await readPages((page) => api.send(new GetApisCommand(page)));
  const { ApiId, ApiEndpoint } = apis.find(({ Name }) => Name === stageName(owner)) ?? {};
  if (ApiId === undefined) return undefined;
  const stages = await readPages((page) => api.send(new GetStagesCommand({ ApiId, ...page })));
  return stages.some(({ StageName }) => StageName === "$default") ? `${ApiEndpoint}/` : undefined;
}

async function functionUrl({ lambda: client }: Clients, owner: Owner): Promise<string | undefined> {
  const target = { FunctionName: functionName(owner, "app"), Qualifier: "live" };
  const found = await client.send(new GetFunctionUrlConfigCommand(target)).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  return found?.FunctionUrl;
}

/** Tries for two minutes: a run that was left in the middle holds its lease for half a minute. */
async function takeAway(place: Place, clients: Clients, folder: string): Promise<void> {
  const { account, owner } = place;
  let failure: unknown;
  try {
    await retry(
      { clock: realClock },
      () => true,
      () => removeOnce(place, folder),
    );
  } catch (error) {
    failure = error;
  }
  const left = lambdaNames(await readLambdaState(clients, owner, account));
  if (left.length) throw new Error(`could not be removed from ${account}: ${left.join(", ")}`, { cause: failure });
}

async function removeOnce(place: Place, folder: string): Promise<void> {
  const lockOwner = createLockOwner(join(folder, "sweeper"), "sweeper@here");
  const platform = await toPlatform(place, counted({ lockOwner, keep, transport: (_call, send) => send() }));
  await removeStage({ platform, withData: true, onPlan: async () => undefined });
}

const accountRow = (row: Row, front: LambdaFront): Row => ({
  ...row,
  name: `${row.name}, in a real account`,
  open: ({ folder }) => openAccount(front, folder),
});

export const accountRows: readonly Row[] = [accountRow(lambda, "http-api"), accountRow(lambdaUrl, "function-url")];
