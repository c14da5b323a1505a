/** The control API: a request in; guarded, its signature verified, handed to the service it was signed for; the wire answer out. */
import type { WireRequest, WireResponse } from "../../model/wire.ts";
import { checkControl, jsonAnswer } from "../guard.ts";
import { apiGatewayTable } from "./apigateway/table.ts";
import { localRegion } from "./arn.ts";
import { AwsError } from "./aws-error.ts";
import { answerCode, codePath } from "./code-location.ts";
import { answerQuery, queryError, type QueryService } from "./iam/query.ts";
import { iamService, stsService } from "./iam/services.ts";
import type { CloudKey } from "./key.ts";
import { lambdaTable } from "./lambda/table.ts";
import type { RouteTable } from "./operation.ts";
import { nonceForm, pingPath, proofOf } from "./proof.ts";
import type { Region } from "./region.ts";
import { answerRest, restError } from "./rest.ts";
import { claimedScope, type Scope, verifySignature } from "./signature.ts";

const restServices: Readonly<Record<string, RouteTable>> = { lambda: lambdaTable, apigateway: apiGatewayTable };
const queryServices: Readonly<Record<string, QueryService>> = { iam: iamService, sts: stsService };

/** The names that the Query protocol's services have for the same refusals. */
const queryCodes: Readonly<Record<string, string>> = {
  UnrecognizedClientException: "InvalidClientTokenId",
  InvalidSignatureException: "SignatureDoesNotMatch",
};

/** Answers every request to the control port, refusals included; rejects only for a bug. */
export async function answerControl(request: WireRequest, key: CloudKey, region: Region): Promise<WireResponse> {
  const stranger = checkControl(request);
  if (stranger) return stranger;
  if (request.method === "GET" && request.target.startsWith(`${pingPath}?`)) return answerPing(request, key);
  if (request.method === "GET" && request.target.startsWith(codePath)) return answerCode(request.target, key, region.code, region.now());
  try {
    return await answerService(request, await verifySignature(request, key, region.now()), region);
  } catch (error) {
    if (error instanceof AwsError) return refusal(error, claimedScope(request));
    throw error;
  }
}

/** Without a signature: what it answers proves the key and reveals nothing of it. */
function answerPing({ target, port }: WireRequest, key: CloudKey): WireResponse {
  const nonce = target.slice(`${pingPath}?nonce=`.length);
  if (!nonceForm.test(nonce)) return jsonAnswer(400, { message: "the nonce must be 32 bytes in hex" });
  return jsonAnswer(200, { schemaVersion: 1, proof: proofOf(key, port, nonce) });
}

async function answerService(request: WireRequest, { service, region: signedFor }: Scope, region: Region): Promise<WireResponse> {
  if (signedFor !== localRegion) {
    throw new AwsError(
      "InvalidSignatureException",
      403,
      `Credential should be scoped to a valid region: the local cloud is '${localRegion}', not '${signedFor}'.`,
    );
  }
  const table = Object.hasOwn(restServices, service) ? restServices[service] : undefined;
  if (table) return answerRest(request, table, region);
  const query = Object.hasOwn(queryServices, service) ? queryServices[service] : undefined;
  if (query && request.method === "POST") return answerQuery(request.body, query, region);
  throw new AwsError("UnknownOperationException", 404, `Portico's local cloud does not speak ${request.method} of the service ${service}`);
}

function refusal(error: AwsError, scope: Scope | undefined): WireResponse {
  const query = scope && Object.hasOwn(queryServices, scope.service) ? queryServices[scope.service] : undefined;
  if (!query) return restError(error);
  return queryError(new AwsError(queryCodes[error.code] ?? error.code, error.status, error.message), query.namespace);
}
