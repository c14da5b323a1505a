/** The one factory of AWS clients: where and as whom in, clients out that look nowhere else for either and that wait on our clock alone. */
import { ApiGatewayV2Client } from "@aws-sdk/client-apigatewayv2";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { IAMClient } from "@aws-sdk/client-iam";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { S3Client } from "@aws-sdk/client-s3";
import { SSMClient } from "@aws-sdk/client-ssm";
import { STSClient } from "@aws-sdk/client-sts";
import { UserError } from "../../framework/model/user-error.ts";
import { type Clock, systemClock } from "../clock.ts";
import { createPace, type Rates } from "./pace.ts";
import { noteDate } from "./server-date.ts";
import { insisting, isBroken, isServiceError } from "./retry.ts";

/** What requests are signed with. */
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
}

/** A call that is about to be sent, retries included. */
export interface SentCall {
  readonly service: "lambda" | "apigateway" | "iam" | "s3" | "ssm" | "logs" | "sts";
  /** `PublishVersion`. */
  readonly operation: string;
}

/** How calls are made. */
export interface ClientOptions {
  readonly clock?: Clock;
  /** Sees every request, just before it is sent. */
  readonly onCall?: (call: SentCall) => void;
  /** Around every request, for whoever stands between us and the cloud: it sends with `send`, or does not. */
  readonly transport?: <T>(call: SentCall, send: () => Promise<T>) => Promise<T>;
  /** Calls a second that are not exceeded; without it only what the service refuses slows us down. */
  readonly rates?: Rates;
}

/** Everything that talks to AWS. */
export interface Clients {
  readonly region: string;
  readonly clock: Clock;
  readonly lambda: LambdaClient;
  readonly api: ApiGatewayV2Client;
  /** Sends each call once: for creates without a chosen name, where a repeat after a lost answer would make a twin. */
  readonly apiOnce: ApiGatewayV2Client;
  readonly iam: IAMClient;
  readonly s3: S3Client;
  readonly ssm: SSMClient;
  readonly logs: CloudWatchLogsClient;
  readonly sts: STSClient;
}

/**
 * Every setting that the SDK would otherwise look for in AWS_*, in ~/.aws or on the instance's metadata service is given here: stage
 * `local` talks to its endpoint with its key and to nothing else. The SDK's own retries are off, since they wait on the machine's clock;
 * ours stand in their place.
 */
export function createClients({ endpoint, region, credentials }: Access, options: ClientOptions = {}): Clients {
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
    requestHandler: { connectionTimeout: 5_000, requestTimeout: 120_000 },
  };
  // A bucket in the host name would need a name server; and no region but the given one is asked.
  const s3 = {
    ...settings,
    forcePathStyle: endpoint !== undefined,
    disableMultiregionAccessPoints: true,
    useArnRegion: false,
    disableS3ExpressSessionAuth: true,
    requestChecksumCalculation: "WHEN_REQUIRED" as const,
    responseChecksumValidation: "WHEN_REQUIRED" as const,
  };
  const pace = createPace(clock, options.rates ?? {});
  const watched = <C extends { readonly middlewareStack: unknown }>(client: C, service: SentCall["service"], insists = true): C => {
    watch(client.middlewareStack as Stack, { service, insists, clock, pace, options });
    return client;
  };
  return {
    region,
    clock,
    lambda: watched(new LambdaClient(settings), "lambda"),
    api: watched(new ApiGatewayV2Client(settings), "apigateway"),
    apiOnce: watched(new ApiGatewayV2Client(settings), "apigateway", false),
    iam: watched(new IAMClient(settings), "iam"),
    s3: watched(new S3Client(s3), "s3"),
    ssm: watched(new SSMClient(settings), "ssm"),
    logs: watched(new CloudWatchLogsClient(settings), "logs"),
    sts: watched(new STSClient(settings), "sts"),
  };
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
  readonly pace: ReturnType<typeof createPace>;
  readonly options: ClientOptions;
}

/** Before the SDK signs, so that a repeated request is signed anew. */
function watch(stack: Stack, { service, insists, clock, pace, options }: Watching): void {
  const middleware: Middleware = (next, context) => (request) => {
    const call: SentCall = { service, operation: (context.commandName ?? "").replace(/Command$/, "") };
    const attempt = async (): Promise<unknown> => {
      await pace(call);
      options.onCall?.(call);
      const result = await (options.transport ? options.transport(call, () => next(request)) : next(request));
      noteDate(result);
      return result;
    };
    return insists ? insisting(clock, attempt) : attempt();
  };
  stack.addRelativeTo(middleware, { relation: "before", toMiddleware: "retryMiddleware", name: "porticoWatch" });
}

/** A service's refusal, or a cloud that does not answer, as the user's error; anything else is given back as it is. */
export function toUserError(error: unknown, where: string): unknown {
  if (isServiceError(error)) {
    return new UserError(
      "CLOUD_REFUSED",
      `${where} refused: ${error.name}: ${error.message}`,
      "what is live was not touched unless the lines above say so; repair it and run the command again, it goes on from there",
      { cause: error },
    );
  }
  if (!isBroken(error)) return error;
  const { code = "timeout" } = error as NodeJS.ErrnoException;
  return new UserError(
    "CLOUD_UNREACHABLE",
    `${where} does not answer (${code})`,
    "see that it can be reached (the local cloud: portico cloud) and run the command again, it goes on from there",
    { cause: error },
  );
}
