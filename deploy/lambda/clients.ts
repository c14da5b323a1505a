/** The one factory of AWS clients: where and as whom in, clients out that look nowhere else for either. */
import { ApiGatewayV2Client } from "@aws-sdk/client-apigatewayv2";
import { IAMClient } from "@aws-sdk/client-iam";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { UserError } from "../../framework/model/user-error.ts";
import { isBroken, isServiceError } from "./retry.ts";

/** Where and as whom. */
export interface Access {
  /** Root URL of the control APIs: `http://127.0.0.1:4000`. */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A call that is about to be sent, retries included. */
export interface SentCall {
  readonly service: "lambda" | "apigateway" | "iam";
  /** `PublishVersion`. */
  readonly operation: string;
}

/** Everything that talks to AWS. */
export interface Clients {
  readonly lambda: LambdaClient;
  readonly api: ApiGatewayV2Client;
  /** Sends each call once: for creates without a chosen name, where a repeat after a lost answer would make a twin. */
  readonly apiOnce: ApiGatewayV2Client;
  readonly iam: IAMClient;
}

/**
 * Every setting that the SDK would otherwise look for in AWS_*, in ~/.aws or on the instance's metadata service is given here: stage
 * `local` talks to its endpoint with its key and to nothing else. `onCall` sees every request, just before it is sent.
 */
export function createClients(
  { endpoint, region, accessKeyId, secretAccessKey }: Access,
  onCall: (call: SentCall) => void = () => undefined,
): Clients {
  const settings = (maxAttempts: number) => ({
    endpoint,
    region,
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts,
    retryMode: "standard",
    defaultsMode: "standard" as const,
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    userAgentAppId: "portico",
    authSchemePreference: [],
    disableClockSkewCorrection: false,
    requestHandler: { connectionTimeout: 5_000, requestTimeout: 120_000 },
  });
  const clients = {
    lambda: new LambdaClient(settings(3)),
    api: new ApiGatewayV2Client(settings(3)),
    apiOnce: new ApiGatewayV2Client(settings(1)),
    iam: new IAMClient(settings(3)),
  };
  watch(clients.lambda, "lambda", onCall);
  watch(clients.api, "apigateway", onCall);
  watch(clients.apiOnce, "apigateway", onCall);
  watch(clients.iam, "iam", onCall);
  return clients;
}

function watch(
  {
    middlewareStack,
  }: Pick<LambdaClient, "middlewareStack"> | Pick<ApiGatewayV2Client, "middlewareStack"> | Pick<IAMClient, "middlewareStack">,
  service: SentCall["service"],
  onCall: (call: SentCall) => void,
): void {
  const stack = middlewareStack as LambdaClient["middlewareStack"];
  stack.add(
    (next, context) => (request) => {
      onCall({ service, operation: (context.commandName ?? "").replace(/Command$/, "") });
      return next(request);
    },
    { step: "finalizeRequest", priority: "low", name: "porticoWatch" },
  );
}

/** A service's refusal, or a cloud that does not answer, as the user's error; anything else is given back as it is. */
export function toUserError(error: unknown, endpoint: string): unknown {
  if (isServiceError(error)) {
    return new UserError(
      "CLOUD_REFUSED",
      `the cloud at ${endpoint} refused: ${error.name}: ${error.message}`,
      "what is live was not touched; repair it and deploy again",
      {
        cause: error,
      },
    );
  }
  if (!isBroken(error)) return error;
  const { code = "timeout" } = error as NodeJS.ErrnoException;
  return new UserError(
    "CLOUD_UNREACHABLE",
    `the cloud at ${endpoint} does not answer (${code})`,
    "start it with portico cloud and deploy again",
    { cause: error },
  );
}
