/** The one way to Cloudflare's API: whose account and which token in, calls out that look nowhere else and wait on our clock alone. */
import { type Clock, systemClock } from "../clock.ts";
import { retrying } from "../retrying.ts";
import { CloudflareError, isBroken, isConflict, isPassing, isTooMany } from "./cloudflare-error.ts";
import { createWindow } from "./window.ts";

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
  /** Around every request, for whoever stands between us and the cloud: it sends with `send`, or does not. */
  readonly transport?: <T>(call: SentCall, send: () => Promise<T>) => Promise<T>;
}

/** One call. */
export interface Call {
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
  /** True where a repeat after a lost answer would make a twin: then the caller looks first. */
  readonly once?: boolean;
}

/** Everything that talks to Cloudflare. */
export interface Client {
  readonly account: string;
  readonly clock: Clock;
  /** Gives the envelope's `result`. Throws CloudflareError. */
  call<T>(call: Call): Promise<T>;
}

/** How often a call is sent again whose connection broke; who refuses connections for good should be told of soon. */
const connections = 5;

/** Seconds that are waited at most when the API says that there were too many calls: it blocks for five minutes (facts section 1.7). */
const longestBlock = 330;

/** Cloudflare's own API, in place of an endpoint. */
const ownEndpoint = "https://api.cloudflare.com/client/v4";

/** Nothing is asked before a call is made; no environment variable and no file is read. */
export function createClient(access: Access, options: ClientOptions = {}): Client {
  const { clock = systemClock } = options;
  const pace = createWindow(clock);
  return {
    account: access.account,
    clock,
    call: <T>(call: Call) => insist(clock, call, () => attempt<T>(access, call, pace, options)),
  };
}

/** What had no effect is sent again; what may have had one only where a repeat does no harm. */
async function insist<T>(clock: Clock, { once = false }: Call, send: () => Promise<T>): Promise<T> {
  let broken = 0;
  const again = (error: unknown): boolean =>
    isConflict(error) || (!once && (isPassing(error) || (isBroken(error) && ++broken < connections)));
  for (let blocks = 0; ; blocks++) {
    try {
      return await retrying({ clock }, again, send);
    } catch (error) {
      const wait = isTooMany(error) ? ((error as CloudflareError).retryAfter ?? 60) : Infinity;
      if (blocks === 2 || wait > longestBlock) throw error;
      await clock.sleep(Math.max(1, wait) * 1000);
    }
  }
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly retryAfter: string | null;
  readonly isChallenge: boolean;
}

async function attempt<T>(access: Access, call: Call, pace: () => Promise<void>, options: ClientOptions): Promise<T> {
  await pace();
  const sent: SentCall = { service: "cloudflare", operation: call.operation };
  options.onCall?.(sent);
  const answer = await (options.transport ? options.transport(sent, () => send(access, call)) : send(access, call));
  return read<T>(answer);
}

async function send({ endpoint = ownEndpoint, account, token }: Access, call: Call): Promise<Answer> {
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

function read<T>({ status, text, retryAfter, isChallenge }: Answer): T {
  const envelope = parse(text);
  if (status < 400 && (text === "" || (envelope && envelope.success !== false))) return envelope?.result as T;
  const [first] = envelope?.errors ?? [];
  const what = isChallenge ? "a firewall of Cloudflare's stands before the API and wants a browser" : `status ${status}`;
  const seconds = retryAfter !== null && /^\d+$/.test(retryAfter) ? Number(retryAfter) : undefined;
  throw new CloudflareError(status, first?.code ?? 0, first?.message ?? what, seconds);
}

function parse(text: string): Envelope | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
