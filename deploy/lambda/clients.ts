/** Creates all AWS clients with explicit endpoint, region and credentials, our own retries and rate limits. */
import { ApiGatewayV2Client } from "@aws-sdk/client-apigatewayv2";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { IAMClient } from "@aws-sdk/client-iam";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { S3Client } from "@aws-sdk/client-s3";
import { SchedulerClient } from "@aws-sdk/client-scheduler";
import { SQSClient } from "@aws-sdk/client-sqs";
import { SSMClient } from "@aws-sdk/client-ssm";
import { STSClient } from "@aws-sdk/client-sts";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { type Clock, systemClock } from "../clock.ts";
import { retryTransient } from "./aws-error.ts";
import { createRateLimiter, type RateLimits } from "./rate-limiter.ts";

/** Credentials that sign requests. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

/** Where and as whom. */
export interface Access {
  /** Root URL of the control APIs, `http://127.0.0.1:4000`; AWS's own when absent. */
  readonly endpoint?: string;
  readonly region: string;
  /** Or a function that gives them, again when they expire. */
  readonly credentials: Credentials | (() => Promise<Credentials>);
  /** HTTP_PROXY, HTTPS_PROXY and NO_PROXY; without them every request goes straight to its host. */
  readonly proxy?: ProxyEnv;
}

/** The variables of the environment that name a proxy. */
type ProxyEnv = Readonly<Record<string, string | undefined>>;

/** A call that is about to be sent, retries included. */
export interface SentCall {
  readonly service: "lambda" | "apigateway" | "iam" | "s3" | "ssm" | "logs" | "sts" | "dynamodb" | "sqs" | "scheduler";
  /** `PublishVersion`. */
  readonly operation: string;
}

/** How calls are made. */
export interface ClientOptions {
  readonly clock?: Clock;
  /** Gets what is waited for that takes longer than people expect, as a sentence. */
  readonly onWait?: (text: string) => void;
  /** Sees every request, just before it is sent. */
  readonly onCall?: (call: SentCall) => void;
  /** Wraps every request, for tests that inject faults: it calls `send`, or does not. */
  readonly transport?: <T>(call: SentCall, send: () => Promise<T>) => Promise<T>;
  /** Limits of calls per second; without it only refusals by the service slow the run down. */
  readonly rates?: RateLimits;
}

/** Everything that talks to AWS. */
export interface Clients {
  readonly region: string;
  readonly clock: Clock;
  readonly onWait: (text: string) => void;
  readonly lambda: LambdaClient;
  readonly api: ApiGatewayV2Client;
  /** Sends each call once: for creates without a chosen name, where a repeat after a lost answer would make a twin. */
  readonly apiOnce: ApiGatewayV2Client;
  readonly iam: IAMClient;
  readonly dynamodb: DynamoDBClient;
  readonly s3: S3Client;
  readonly sqs: SQSClient;
  readonly scheduler: SchedulerClient;
  readonly ssm: SSMClient;
  readonly logs: CloudWatchLogsClient;
  readonly sts: STSClient;
}

/**
 * Every setting that the SDK would otherwise look for in AWS_*, in ~/.aws or on the instance's metadata service is
 * given here: stage `local` talks to its endpoint with its key and to nothing else. The SDK's own retries are off,
 * since they wait on the machine's clock; ours stand in their place.
 */
export function createClients({ endpoint, region, credentials, proxy }: Access, options: ClientOptions = {}): Clients {
  const { clock = systemClock } = options;
  const settings = {
    ...(endpoint !== undefined && { endpoint }),
    region,
    credentials,
    maxAttempts: 1,
    retryMode: "standard",
    defaultsMode: "standard" as const,
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    userAgentAppId: "portico",
    authSchemePreference: [],
    disableClockSkewCorrection: false,
    requestHandler: { connectionTimeout: 5_000, requestTimeout: 120_000, ...(proxy && proxyAgents(proxy)) },
  };
  // A bucket in the host name would need a name server; only the given region is called.
  const s3 = {
    ...settings,
    forcePathStyle: endpoint !== undefined,
    disableMultiregionAccessPoints: true,
    useArnRegion: false,
    disableS3ExpressSessionAuth: true,
    requestChecksumCalculation: "WHEN_REQUIRED" as const,
    responseChecksumValidation: "WHEN_REQUIRED" as const,
  };
  const pace = createRateLimiter(clock, options.rates ?? {});
  const watched = <C extends { readonly middlewareStack: unknown }>(
    client: C,
    service: SentCall["service"],
    insists = true,
  ): C => {
    addCallMiddleware(client.middlewareStack as Stack, { service, insists, clock, pace, options });
    return client;
  };
  return {
    region,
    clock,
    onWait: options.onWait ?? (() => undefined),
    lambda: watched(new LambdaClient(settings), "lambda"),
    api: watched(new ApiGatewayV2Client(settings), "apigateway"),
    apiOnce: watched(new ApiGatewayV2Client(settings), "apigateway", false),
    dynamodb: watched(new DynamoDBClient({ ...settings, accountIdEndpointMode: "disabled" }), "dynamodb"),
    iam: watched(new IAMClient(settings), "iam"),
    s3: watched(new S3Client(s3), "s3"),
    // A queue's URL is its name: it must not be where calls go.
    sqs: watched(new SQSClient({ ...settings, useQueueUrlAsEndpoint: false }), "sqs"),
    scheduler: watched(new SchedulerClient(settings), "scheduler"),
    ssm: watched(new SSMClient(settings), "ssm"),
    logs: watched(new CloudWatchLogsClient(settings), "logs"),
    sts: watched(new STSClient(settings), "sts"),
  };
}

/** Agents that use the proxy, since the SDK's own do not (Node.js http, `proxyEnv`, from 24.5). */
export function proxyAgents(proxyEnv: ProxyEnv): { readonly httpAgent: HttpAgent; readonly httpsAgent: HttpsAgent } {
  const options = { keepAlive: true, maxSockets: 50, proxyEnv };
  return { httpAgent: new HttpAgent(options), httpsAgent: new HttpsAgent(options) };
}

/** The SDK's middleware stack, as far as it is used here. */
interface Stack {
  addRelativeTo(middleware: Middleware, place: { relation: "before"; toMiddleware: string; name: string }): void;
}

type Middleware = (
  next: (request: unknown) => Promise<unknown>,
  context: { readonly commandName?: string },
) => (request: unknown) => Promise<unknown>;

interface Watching {
  readonly service: SentCall["service"];
  readonly insists: boolean;
  readonly clock: Clock;
  readonly pace: ReturnType<typeof createRateLimiter>;
  readonly options: ClientOptions;
}

/** Before the SDK signs, so that a repeated request is signed anew. */
function addCallMiddleware(stack: Stack, { service, insists, clock, pace, options }: Watching): void {
  const middleware: Middleware = (next, context) => (request) => {
    const call: SentCall = { service, operation: (context.commandName ?? "").replace(/Command$/, "") };
    const attempt = async (): Promise<unknown> => {
      await pace(call);
      options.onCall?.(call);
      const result = await (options.transport ? options.transport(call, () => next(request)) : next(request));
      rememberDate(result);
      return result;
    };
    return insists ? retryTransient(clock, attempt) : attempt();
  };
  stack.addRelativeTo(middleware, { relation: "before", toMiddleware: "retryMiddleware", name: "porticoWatch" });
}

const dates = new WeakMap<object, number>();

/** Remembers the Date header of an answer (RFC 9110 section 6.6.1) beside the SDK's output. */
export function rememberDate(result: unknown): void {
  const { output, response } = (result ?? {}) as {
    output?: unknown;
    response?: { readonly headers?: Readonly<Record<string, string>> };
  };
  const date = Date.parse(response?.headers?.["date"] ?? "");
  if (typeof output === "object" && output !== null && !Number.isNaN(date)) dates.set(output, date);
}

/** Epoch ms, whole seconds; undefined for an answer without a date. */
export const dateOf = (output: object): number | undefined => dates.get(output);
