/** The control port: guards it against browsers, and passes each request to the local AWS or the local Cloudflare. */
import { type HttpRequest, type HttpResponse, jsonResponse } from "../model/http-message.ts";
import { checkControl } from "../http/guard.ts";
import type { AccessKey } from "./access-key.ts";
import type { Aws } from "./aws/aws.ts";
import { codePath } from "./aws/lambda/code-download.ts";
import { claimedScope } from "../emulation/aws/signature.ts";
import { isFormRequest } from "../emulation/s3/post-object.ts";
import { apiPath, holdsKey } from "./cloudflare/api.ts";
import type { Cloudflare } from "./cloudflare/cloudflare.ts";
import { bindingsPath } from "./cloudflare/remote-bindings.ts";
import { noncePattern, pingPath, challengeResponse } from "./key-challenge.ts";

/** The two clouds behind the port. */
export interface Clouds {
  readonly aws: Pick<Aws, "answer" | "answerCodeDownload" | "answerForm">;
  readonly cloudflare: Pick<Cloudflare, "access" | "answer">;
}

/** Answers every request, errors included. Rejects only for a bug, or to cut the connection. */
export async function answerControl(request: HttpRequest, key: AccessKey, clouds: Clouds): Promise<HttpResponse> {
  // A form carries its own signature, and pages of any origin may send one to S3.
  if (isFormRequest(request)) return clouds.aws.answerForm(request);
  const refusal = checkControl(request);
  if (refusal) return refusal;
  // The path of an S3 request begins with a bucket, which may have any name.
  const isS3 = claimedScope(request)?.service === "s3";
  return (isS3 ? undefined : answerUnsigned(request, key, clouds)) ?? clouds.aws.answer(request);
}

/** Requests without AWS's signature: the ping, code downloads with a token, and those with the key as bearer token. */
function answerUnsigned(
  request: HttpRequest,
  key: AccessKey,
  { aws, cloudflare }: Clouds,
): HttpResponse | Promise<HttpResponse> | undefined {
  const { method, target } = request;
  if (method === "GET" && target.startsWith(`${pingPath}?`)) return answerPing(request, key);
  if (method === "GET" && target.startsWith(codePath)) return aws.answerCodeDownload(target);
  if (target === bindingsPath || target.startsWith(`${bindingsPath}/`))
    return holdsKey(request, key)
      ? cloudflare.access(request)
      : jsonResponse(403, { error: "This needs the local cloud's key" });
  return target.startsWith(`${apiPath}/`) ? cloudflare.answer(request) : undefined;
}

/** Needs no signature: the response proves that this server has the key and does not reveal it. */
function answerPing({ target, port }: HttpRequest, key: AccessKey): HttpResponse {
  const nonce = target.slice(`${pingPath}?nonce=`.length);
  if (!noncePattern.test(nonce)) return jsonResponse(400, { message: "the nonce must be 32 bytes in hex" });
  return jsonResponse(200, { schemaVersion: 1, proof: challengeResponse(key, port, nonce) });
}
