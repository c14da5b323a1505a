/** The client of Cloudflare's API, with explicit account and token, retries and a rate limit. */
import { type Clock, systemClock } from "../clock.ts";
import { retry } from "../retry.ts";
import { CloudflareError, isConnectionError, isConflict, isTransient, isRateLimited } from "./cloudflare-error.ts";
import { createRateLimiter } from "./rate-limiter.ts";

/** Where and as whom. */
export interface Access {
  /** Root URL of the API, `http://127.0.0.1:4000/client/v4`; Cloudflare's own when absent. */
  readonly endpoint?: string;
  /** 32 hex digits. */
  readonly account: string;
  readonly token: string;
}

/** A call that is about to be sent, retries included. */
export interface SentCall {
  readonly service: "cloudflare";
  /** `createVersion`. */
  readonly operation: string;
}

/** How calls are made; the same hooks as for AWS. */
export interface ClientOptions {
  readonly clock?: Clock;
  /** Sees every request, just before it is sent. */
  readonly onCall?: (call: SentCall) => void;
  /** Wraps every request, for tests that inject faults: it calls `send`, or does not. */
  readonly transport?: <T>(call: SentCall, send: () => Promise<T>) => Promise<T>;
}

/** One call. */
export interface ApiCall {
  readonly operation: string;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below the account: `/workers/scripts/a--b`; with a leading `~` below the API's root: `~/zones`. */
  readonly path: string;
  /** A value that is sent as JSON; or a form, made anew for each attempt. */
  readonly json?: unknown;
  readonly form?: () => FormData;
  readonly contentType?: string;
  /** In place of the account's token: an upload session's. */
  readonly token?: string;
  /** True for a call that would create twice when repeated after a lost answer (`idempotentCreate`). */
  readonly isNotRepeatable?: boolean;
}

/** Everything that talks to Cloudflare. */
export interface Client {
  readonly account: string;
  readonly clock: Clock;
  /** Gives the envelope's `result`. Throws CloudflareError. */
  call<T>(call: ApiCall): Promise<T>;
}

/** Attempts after broken connections: few, so that an endpoint that is down is reported soon. */
const connections = 5;

/**
 * The longest wait in seconds after too many calls: the API blocks for five minutes (API docs, "Rate limits").
 */
const longestBlock = 330;

/** Cloudflare's own API, in place of an endpoint. */
const ownEndpoint = "https://api.cloudflare.com/client/v4";

/** Reads no environment variable and no file. */
export function createClient(access: Access, options: ClientOptions = {}): Client {
  const { clock = systemClock } = options;
  const pace = createRateLimiter(clock);
  return {
    account: access.account,
    clock,
    call: <T>(call: ApiCall) => sendWithRetries(clock, call, () => attempt<T>(access, call, pace, options)),
  };
}

/** Repeats calls that had no effect; calls that may have had one only if they are repeatable. */
async function sendWithRetries<T>(
  clock: Clock,
  { isNotRepeatable = false }: ApiCall,
  send: () => Promise<T>,
): Promise<T> {
  let broken = 0;
  const again = (error: unknown): boolean =>
    isConflict(error) ||
    (!isNotRepeatable && (isTransient(error) || (isConnectionError(error) && ++broken < connections)));
  for (let blocks = 0; ; blocks++) {
    try {
      return await retry({ clock }, again, send);
    } catch (error) {
      const wait = isRateLimited(error) ? ((error as CloudflareError).retryAfter ?? 60) : Infinity;
      if (blocks === 2 || wait > longestBlock) throw error;
      await clock.sleep(Math.max(1, wait) * 1000);
    }
  }
}

interface ApiResponse {
  readonly status: number;
  readonly text: string;
  readonly retryAfter: string | null;
  readonly isChallenge: boolean;
}

async function attempt<T>(
  access: Access,
  call: ApiCall,
  pace: () => Promise<void>,
  options: ClientOptions,
): Promise<T> {
  await pace();
  const sent: SentCall = { service: "cloudflare", operation: call.operation };
  options.onCall?.(sent);
  const answer = await (options.transport ? options.transport(sent, () => send(access, call)) : send(access, call));
  return readResponse<T>(answer);
}

async function send({ endpoint = ownEndpoint, account, token }: Access, call: ApiCall): Promise<ApiResponse> {
  const { method, path, json, form, contentType } = call;
  const url = path.startsWith("~") ? endpoint + path.slice(1) : `${endpoint}/accounts/${account}${path}`;
  const type = contentType ?? (json === undefined ? undefined : "application/json");
  const response = await fetch(url, {
    method,
    headers: {
      authorization: `Bearer ${call.token ?? token}`,
      "user-agent": "portico",
      ...(type !== undefined && { "content-type": type }),
    },
    body: form ? form() : json === undefined ? null : JSON.stringify(json),
    redirect: "error",
    signal: AbortSignal.timeout(120_000),
  });
  return {
    status: response.status,
    text: await response.text(),
    retryAfter: response.headers.get("retry-after"),
    isChallenge: response.headers.get("cf-mitigated") === "challenge",
  };
}

interface Envelope {
  readonly success?: boolean;
  readonly result?: unknown;
  readonly errors?: readonly { readonly code?: number; readonly message?: string }[];
}

function readResponse<T>({ status, text, retryAfter, isChallenge }: ApiResponse): T {
  const envelope = parseEnvelope(text);
  if (status < 400 && (text === "" || (envelope && envelope.success !== false))) return envelope?.result as T;
  const [first] = envelope?.errors ?? [];
  const what = isChallenge ? "a firewall of Cloudflare in front of the API requires a browser" : `status ${status}`;
  const seconds = retryAfter !== null && /^\d+$/.test(retryAfter) ? Number(retryAfter) : undefined;
  throw new CloudflareError(status, first?.code ?? 0, first?.message ?? what, seconds);
}

function parseEnvelope(text: string): Envelope | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
