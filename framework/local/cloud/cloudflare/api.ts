/** The API's front: a guarded request below /client/v4 in; token, account, rate and faults checked, its operation run; the envelope out. */
import { createHash, timingSafeEqual } from "node:crypto";
import { UserError } from "../../../model/user-error.ts";
import type { WireRequest, WireResponse } from "../../../model/wire.ts";
import { headerValues } from "../../guard.ts";
import type { Faults } from "../faults.ts";
import type { CloudKey } from "../key.ts";
import { accountId } from "./account.ts";
import { CloudflareError, invalid } from "./cloudflare-error.ts";
import type { Edge } from "./edge.ts";
import { toRefusal, toWire } from "./envelope.ts";
import type { Call, OperationRow } from "./operation.ts";
import type { RateLimit } from "./rate-limit.ts";
import { cloudflareTable } from "./table.ts";

/** What every path of the API starts with. */
export const apiPath = "/client/v4";

/** A row, ready to be matched. */
interface Route extends OperationRow {
  readonly name: string;
  readonly method: string;
  readonly template: readonly string[];
}

const routes: readonly Route[] = Object.entries(cloudflareTable).map(([name, row]) => {
  const [method = "", path = ""] = row.binding.split(" ");
  return { ...row, name, method, template: path.split("/") };
});

/** What the API needs beside the edge. */
export interface Api {
  readonly edge: Edge;
  readonly key: CloudKey;
  readonly faults: Faults;
  /** Absent: calls are not counted. */
  readonly rateLimit?: RateLimit;
}

/** Answers every call, refusals included; rejects only for a bug, or to cut the connection. */
export async function answerCloudflare(request: WireRequest, { edge, key, faults, rateLimit }: Api): Promise<WireResponse> {
  try {
    const { route, call } = understand(request);
    if (!route.ownToken) checkToken(request, key, route.name);
    checkAccount(call);
    const wait = rateLimit?.();
    if (wait !== undefined) return tooMany(wait);
    return await faults.answer(
      { service: "cloudflare", operation: route.name, write: route.write },
      {
        run: () => refusing(async () => toWire(await route.run(call, edge))),
        // 10013: internal error, please try again.
        refuse: ({ code, status, message }) => toRefusal({ code: Number(code) || 10013, status, message }),
      },
    );
  } catch (error) {
    if (error instanceof CloudflareError) return toRefusal(error);
    throw error;
  }
}

/** A refusal is the call's effect, so that a fault can lose it too. A missing miniflare is told to whoever deploys. */
async function refusing(run: () => Promise<WireResponse>): Promise<WireResponse> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof CloudflareError) return toRefusal(error);
    if (error instanceof UserError) return toRefusal(invalid(`${error.code}: ${error.message}; fix: ${error.fix}`));
    throw error;
  }
}

function tooMany(seconds: number): WireResponse {
  const headers = [
    ["retry-after", String(seconds)],
    ["x-ratelimit-limit", "1200"],
    ["x-ratelimit-remaining", "0"],
    ["x-ratelimit-reset", String(seconds)],
  ] as const;
  return toRefusal({ code: 971, status: 429, message: "Please wait and consider throttling your request speed" }, headers);
}

function understand(request: WireRequest): { readonly route: Route; readonly call: Call } {
  const [rawPath = "", search = ""] = request.target.slice(apiPath.length).split(/\?(.*)/s);
  const given = rawPath.replace(/(?<=.)\/$/, "").split("/");
  const candidates = routes.flatMap((route) => {
    const path = bind(route.template, given);
    return path ? [{ route, path }] : [];
  });
  const found = candidates.find(({ route }) => route.method === request.method);
  if (!found) throw unroutable(rawPath, candidates.length > 0, request.method);
  const [host = ""] = headerValues(request.headers, "host");
  const call: Call = {
    path: found.path,
    query: new URLSearchParams(search),
    header: (name) => headerValues(request.headers, name)[0],
    body: request.body,
    origin: `${request.scheme}://${host}`,
  };
  return { route: found.route, call };
}

/** Never 404: clients take that for "there is none", and wrangler then says that it deleted what nobody touched. */
function unroutable(path: string, isKnown: boolean, method: string): CloudflareError {
  if (isKnown) return new CloudflareError(10405, 405, `Method ${method} not allowed for ${path}`);
  return new CloudflareError(
    7003,
    501,
    `Could not route to ${path}: Portico's local cloud does not speak this path of Cloudflare's API (docs/local-cloud.md says which it does).`,
  );
}

/** A last part `{name+}` takes all that is left. */
function bind(template: readonly string[], given: readonly string[]): Record<string, string> | undefined {
  const greedy = template.at(-1)?.endsWith("+}") ?? false;
  if (greedy ? given.length < template.length : template.length !== given.length) return undefined;
  const path: Record<string, string> = {};
  for (const [at, part] of template.entries()) {
    if (greedy && at === template.length - 1) return { ...path, [part.slice(1, -2)]: decode(given.slice(at).join("/")) };
    const value = given[at] ?? "";
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
function checkToken(request: WireRequest, { secretAccessKey }: CloudKey, operation: string): void {
  const [header, ...more] = headerValues(request.headers, "authorization");
  if (header === undefined || more.length > 0)
    throw new CloudflareError(9106, 400, "Missing X-Auth-Key, X-Auth-Email or Authorization headers");
  const token = /^Bearer ([A-Za-z0-9._~+/=-]{1,500})$/.exec(header)?.[1];
  if (token === undefined) throw new CloudflareError(6003, 400, "Invalid request headers: Invalid format for Authorization header");
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  if (timingSafeEqual(digest(token), digest(secretAccessKey))) return;
  if (operation === "verifyToken") throw new CloudflareError(1000, 401, "Invalid API Token");
  throw new CloudflareError(10000, 403, "Authentication error");
}

/** A token of one account says nothing about another's. */
function checkAccount({ path }: Call): void {
  const { account } = path;
  if (account === undefined || account === accountId) return;
  if (!/^[0-9a-f]{32}$/.test(account))
    throw new CloudflareError(7003, 404, `Could not route to /accounts/${account}, perhaps your object identifier is invalid?`);
  throw new CloudflareError(10000, 403, "Authentication error");
}
