/** The control API: a request in; guarded, its signature verified, handed to the service it was signed for; the wire answer out. */
import type { WireRequest, WireResponse } from "../../model/wire.ts";
import { checkControl, jsonAnswer } from "../guard.ts";
import { apiGatewayTable } from "./apigateway/table.ts";
import { localRegion } from "./arn.ts";
import { AwsError } from "./aws-error.ts";
import { apiPath } from "./cloudflare/api.ts";
import { answerCode, codePath } from "./code-location.ts";
import { answerFaults } from "./fault-control.ts";
import { withHeaders } from "./faults.ts";
import { prepareQuery, queryError, type QueryService } from "./iam/query.ts";
import { iamService, stsService } from "./iam/services.ts";
import { jsonRefusal, type JsonService, prepareJson } from "./json-protocol.ts";
import type { CloudKey } from "./key.ts";
import { lambdaTable } from "./lambda/table.ts";
import { logsService } from "./logs/logs-service.ts";
import type { PreparedCall, RouteTable } from "./operation.ts";
import { ssmService } from "./ssm/ssm-service.ts";
import { nonceForm, pingPath, proofOf } from "./proof.ts";
import type { Region } from "./region.ts";
import { prepareRest, restError } from "./rest.ts";
import { prepareS3, s3Refusal } from "./s3/s3-protocol.ts";
import { claimedScope, type Scope, verifySignature } from "./signature.ts";

const restServices: Readonly<Record<string, RouteTable>> = { lambda: lambdaTable, apigateway: apiGatewayTable };
const queryServices: Readonly<Record<string, QueryService>> = { iam: iamService, sts: stsService };

const jsonServices: Readonly<Record<string, JsonService>> = { ssm: ssmService, logs: logsService };

/** The names that the Query protocol's services have for the same refusals. */
const queryCodes: Readonly<Record<string, string>> = {
  UnrecognizedClientException: "InvalidClientTokenId",
  InvalidSignatureException: "SignatureDoesNotMatch",
};

/** The names that S3 has for them. */
const s3Codes: Readonly<Record<string, string>> = {
  MissingAuthenticationTokenException: "AccessDenied",
  IncompleteSignatureException: "AuthorizationHeaderMalformed",
  UnrecognizedClientException: "InvalidAccessKeyId",
  InvalidSignatureException: "SignatureDoesNotMatch",
};

/** Answers every request to the control port, refusals included; rejects only for a bug, or to cut the connection. */
export async function answerControl(request: WireRequest, key: CloudKey, region: Region): Promise<WireResponse> {
  const stranger = checkControl(request);
  if (stranger) return stranger;
  const now = region.clock.now();
  // A bucket may have any of these names.
  const own = claimedScope(request)?.service === "s3" ? undefined : answerUnsigned(request, key, region);
  if (own) return own;
  const refuse = (error: AwsError): WireResponse => withHeaders(refusal(error, claimedScope(request)), error.headers);
  const response = await refusing(refuse, async () => {
    const scope = await verifySignature(request, key, [Date.now(), now]);
    return scope.service === "portico" ? answerFaults(request, region.faults) : answerService(request, scope, region, refuse);
  });
  // Clients judge their own clock by it, and a lease is judged by it.
  return { ...response, headers: [...response.headers, ["date", new Date(region.clock.now()).toUTCString()]] };
}

/** What needs no signature of AWS's: the ping, downloads that carry their own token, and Cloudflare's API, which takes a bearer token. */
function answerUnsigned(request: WireRequest, key: CloudKey, region: Region): WireResponse | Promise<WireResponse> | undefined {
  const { method, target } = request;
  if (method === "GET" && target.startsWith(`${pingPath}?`)) return answerPing(request, key);
  if (method === "GET" && target.startsWith(codePath)) return answerCode(target, key, region.code, region.clock.now());
  return target.startsWith(`${apiPath}/`) ? region.cloudflare.answer(request) : undefined;
}

/** What `run` refuses becomes an answer. */
async function refusing(refuse: (error: AwsError) => WireResponse, run: () => Promise<WireResponse>): Promise<WireResponse> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof AwsError) return refuse(error);
    throw error;
  }
}

/** Without a signature: what it answers proves the key and reveals nothing of it. */
function answerPing({ target, port }: WireRequest, key: CloudKey): WireResponse {
  const nonce = target.slice(`${pingPath}?nonce=`.length);
  if (!nonceForm.test(nonce)) return jsonAnswer(400, { message: "the nonce must be 32 bytes in hex" });
  return jsonAnswer(200, { schemaVersion: 1, proof: proofOf(key, port, nonce) });
}

async function answerService(
  request: WireRequest,
  { service, region: signedFor }: Scope,
  region: Region,
  refuse: (error: AwsError) => WireResponse,
): Promise<WireResponse> {
  if (signedFor !== localRegion) {
    throw new AwsError(
      "InvalidSignatureException",
      403,
      `Credential should be scoped to a valid region: the local cloud is '${localRegion}', not '${signedFor}'.`,
    );
  }
  const { operation, run } = prepare(request, service);
  return region.faults.answer(
    { service, operation },
    {
      run: () =>
        refusing(refuse, () => {
          if (region.pace.rates) region.rates.take(service, operation);
          return run(region);
        }),
      refuse: ({ code, status, message }) => refuse(new AwsError(code, status, message)),
    },
  );
}

function prepare(request: WireRequest, service: string): PreparedCall {
  if (service === "s3") return prepareS3(request);
  const table = Object.hasOwn(restServices, service) ? restServices[service] : undefined;
  if (table) return prepareRest(request, table);
  const json = Object.hasOwn(jsonServices, service) ? jsonServices[service] : undefined;
  if (json) return prepareJson(request, json);
  const query = Object.hasOwn(queryServices, service) ? queryServices[service] : undefined;
  if (query && request.method === "POST") return prepareQuery(request.body, query);
  throw new AwsError("UnknownOperationException", 404, `Portico's local cloud does not speak ${request.method} of the service ${service}`);
}

function refusal(error: AwsError, scope: Scope | undefined): WireResponse {
  if (scope?.service === "s3")
    return s3Refusal(new AwsError(s3Codes[error.code] ?? error.code, error.status, error.message, error.details));
  if (scope && Object.hasOwn(jsonServices, scope.service)) return jsonRefusal(error);
  const query = scope && Object.hasOwn(queryServices, scope.service) ? queryServices[scope.service] : undefined;
  if (!query) return restError(error, scope?.service);
  return queryError(new AwsError(queryCodes[error.code] ?? error.code, error.status, error.message), query.namespace);
}
