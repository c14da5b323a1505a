/**
 * Answers requests to Cloudflare's API: finds the operation of the path, checks token, account and rate limit, applies
 * the injected faults and runs the operation.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { UserError } from "../../model/user-error.ts";
import { headerValues, type HttpRequest, type HttpResponse } from "../../model/http-message.ts";
import type { AccessKey } from "../access-key.ts";
import type { FaultInjector } from "../fault-injector.ts";
import { accountId } from "./account.ts";
import type { ApiCall } from "./api-call.ts";
import { type RateLimit, rateLimitResponse } from "./api-rate-limit.ts";
import { CloudflareError, invalid } from "./cloudflare-error.ts";
import type { OperationRow } from "./operation.ts";
import { cloudflareOperations } from "./operations.ts";
import { toErrorResponse, toResponse } from "./response-envelope.ts";
import type { CloudflareServices } from "./services.ts";
import type { CloudflareState } from "./state.ts";

/** The start of every path of the API. */
export const apiPath = "/client/v4";

/** An operation with its path split into segments. */
interface OperationRoute extends OperationRow {
  readonly name: string;
  readonly method: string;
  readonly template: readonly string[];
}

const routes: readonly OperationRoute[] = Object.entries(cloudflareOperations).map(([name, row]) => {
  const [method = "", path = ""] = row.endpoint.split(" ");
  return { ...row, name, method, template: path.split("/") };
});

/** The state and the services of operations, and the checks of every call. */
export interface CloudflareApi {
  readonly state: CloudflareState;
  readonly services: CloudflareServices;
  readonly key: AccessKey;
  readonly faults: FaultInjector;
  /** Absent where calls are not limited. */
  readonly rateLimit?: RateLimit;
}

/** Answers every call, refusals included; rejects only for a bug, or to cut the connection. */
export async function answerCloudflare(
  request: HttpRequest,
  { state, services, key, faults, rateLimit }: CloudflareApi,
): Promise<HttpResponse> {
  try {
    const { route, call } = routeCall(request);
    if (!route.ownToken) checkToken(request, key, route.name);
    checkAccount(call);
    const wait = rateLimit?.();
    if (wait !== undefined) return rateLimitResponse(wait);
    return await faults.answer(
      { service: "cloudflare", operation: route.name, write: route.write },
      {
        run: () => withErrorResponses(async () => toResponse(await route.run(call, state, services))),
        // 10013: internal error, please try again.
        refuse: ({ code, status, message }) => toErrorResponse({ code: Number(code) || 10013, status, message }),
      },
    );
  } catch (error) {
    if (error instanceof CloudflareError) return toErrorResponse(error);
    throw error;
  }
}

/** Answers the errors of an operation. A missing miniflare is an error of the call that needs it. */
async function withErrorResponses(run: () => Promise<HttpResponse>): Promise<HttpResponse> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof CloudflareError) return toErrorResponse(error);
    if (error instanceof UserError)
      return toErrorResponse(invalid(`${error.code}: ${error.message}; fix: ${error.fix}`));
    throw error;
  }
}

function routeCall(request: HttpRequest): { readonly route: OperationRoute; readonly call: ApiCall } {
  const [rawPath = "", search = ""] = request.target.slice(apiPath.length).split(/\?(.*)/s);
  const given = rawPath.replace(/(?<=.)\/$/, "").split("/");
  const candidates = routes.flatMap((route) => {
    const path = matchPath(route.template, given);
    return path ? [{ route, path }] : [];
  });
  const found = candidates.find(({ route }) => route.method === request.method);
  if (!found) throw routeNotFound(rawPath, candidates.length > 0, request.method);
  const [host = ""] = headerValues(request.headers, "host");
  const call: ApiCall = {
    path: found.path,
    query: new URLSearchParams(search),
    header: (name) => headerValues(request.headers, name)[0],
    body: request.body,
    origin: `${request.scheme}://${host}`,
  };
  return { route: found.route, call };
}

/** Never 404: clients read that as a missing resource, and wrangler then reports a deletion that did not happen. */
function routeNotFound(path: string, isKnown: boolean, method: string): CloudflareError {
  if (isKnown) return new CloudflareError(10405, 405, `Method ${method} not allowed for ${path}`);
  return new CloudflareError(
    7003,
    501,
    `Could not route to ${path}: Portico's local cloud does not support this path of Cloudflare's API ` +
      "(docs/local-cloud.md lists those that it does).",
  );
}

/** The path parameters, or undefined for another path. A last segment `{name+}` matches all that is left. */
function matchPath(template: readonly string[], given: readonly string[]): Record<string, string> | undefined {
  const greedy = template.at(-1)?.endsWith("+}") ?? false;
  if (greedy ? given.length < template.length : template.length !== given.length) return undefined;
  const path: Record<string, string> = {};
  for (const [index, part] of template.entries()) {
    if (greedy && index === template.length - 1)
      return { ...path, [part.slice(1, -2)]: decode(given.slice(index).join("/")) };
    const value = given[index] ?? "";
    if (!part.startsWith("{") ? part !== value : value === "") return undefined;
    if (part.startsWith("{")) path[part.slice(1, -1)] = decode(value);
  }
  return path;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new CloudflareError(7003, 400, `${text} has a malformed percent escape`);
  }
}

/** Compares hashes in constant time. */
function isSame(token: string, secret: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(token), digest(secret));
}

/** True for a request with the cloud's key as its bearer token. */
export function holdsKey(request: HttpRequest, { secretAccessKey }: AccessKey): boolean {
  const [header = "", ...more] = headerValues(request.headers, "authorization");
  const token = /^Bearer (.{1,500})$/.exec(header)?.[1];
  return token !== undefined && more.length === 0 && isSame(token, secretAccessKey);
}

function checkToken(request: HttpRequest, { secretAccessKey }: AccessKey, operation: string): void {
  const [header, ...more] = headerValues(request.headers, "authorization");
  if (header === undefined || more.length > 0)
    throw new CloudflareError(9106, 400, "Missing X-Auth-Key, X-Auth-Email or Authorization headers");
  const token = /^Bearer ([A-Za-z0-9._~+/=-]{1,500})$/.exec(header)?.[1];
  if (token === undefined)
    throw new CloudflareError(6003, 400, "Invalid request headers: Invalid format for Authorization header");
  if (isSame(token, secretAccessKey)) return;
  if (operation === "verifyToken") throw new CloudflareError(1000, 401, "Invalid API Token");
  throw new CloudflareError(10000, 403, "Authentication error");
}

/** The token belongs to one account and is refused for every other. */
function checkAccount({ path }: ApiCall): void {
  const { account } = path;
  if (account === undefined || account === accountId) return;
  if (!/^[0-9a-f]{32}$/.test(account))
    throw new CloudflareError(
      7003,
      404,
      `Could not route to /accounts/${account}, perhaps your object identifier is invalid?`,
    );
  throw new CloudflareError(10000, 403, "Authentication error");
}
