/** Request (Fetch standard, section 5.4): a URL or request and an init in, a request out, without the platform's fetch implementation. */
import { type Body, type BodyMembers, bodyMembers, checkUsable, cloneBody, extract, moveBody, sendable } from "./body.ts";
import { byteString, dictionary, members, need, present, uncloneable } from "./convert.ts";
import { copyHeaders, isToken, LightHeaders, written } from "./headers.ts";
import { type Options, readOptions, standard } from "./request-options.ts";
import { LightResponse } from "./response.ts";

// A URL that the parser would give back as it is: nothing to escape, no dot segments, a host of letters, no port.
const canonical =
  /^https?:\/\/(?!xn--)[a-z](?:[a-z\d-]|\.(?!xn--)(?=[a-z]))*\/(?:[\w~!$&'()*+,;=:@-]+(?:[\w~!$&'()*+,;=:@.-]|\/(?![./]))*)?(?:\?[!$-&(-;=?-~]*)?$/;

/** Throws TypeError for what is no absolute URL, or holds credentials. */
function toUrl(input: unknown): string {
  const text = `${input as string}`;
  if (canonical.test(text)) return text;
  const { href, username, password } = new URL(text);
  if (username || password) throw new TypeError(`Request cannot be constructed from a URL that includes credentials: ${text}`);
  return href;
}

/** "Normalize" (section 2.2.1). Throws TypeError for what is no method, or forbidden. */
function toMethod(value: unknown): string {
  if (value === "GET" || value === "POST") return value;
  const method = byteString(value);
  if (!isToken(method)) throw new TypeError(`'${method}' is not a valid HTTP method.`);
  const upper = method.toUpperCase();
  if (/^(?:CONNECT|TRACE|TRACK)$/.test(upper)) throw new TypeError(`'${method}' HTTP method is unsupported.`);
  return /^(?:DELETE|GET|HEAD|OPTIONS|POST|PUT)$/.test(upper) ? upper : method;
}

/** A request of ours, made for this alone, as the arguments of the platform's `fetch`. */
export let toNative: (request: LightRequest) => [url: string, init: RequestInit];

/** Headers that are none are the client's fault, found only now; the error knows its answer. */
function readFront(front: () => LightHeaders): LightHeaders {
  try {
    return front();
  } catch (error) {
    throw Object.assign(error as TypeError, { getResponse: () => new LightResponse(null, { status: 400 }) });
  }
}

let bodyOf: (request: LightRequest) => Body | null;

/** The brand by which adapters know light classes. */
const open = Symbol.for("portico.open");

// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- added below, as the former are to responses
export interface LightRequest extends BodyMembers {}

/** What `Request` is to who uses it. */
export class LightRequest {
  #method = "GET";
  #url: string;
  #headers: LightHeaders | undefined;
  /** Makes them: most requests are answered without a look at them. */
  #front: (() => LightHeaders) | undefined;
  #body: Body | null = null;
  #options: Options = standard;
  /** What the signal follows: another, or that of the request it was made from. */
  #follows: AbortSignal | LightRequest | null = null;
  #signal: AbortSignal | undefined;

  constructor(input: unknown, init: unknown = undefined) {
    uncloneable(this);
    need(arguments.length, 1);
    const from = typeof input === "object" && input !== null && #url in input ? input : undefined;
    const given = dictionary(init);
    this.#url = from ? from.#url : toUrl(input);
    if (from || init !== undefined) this.#init(given, from);
  }

  #init(given: Readonly<Record<string, unknown>>, from: LightRequest | undefined): void {
    this.#options = readOptions(given, from && from.#options);
    const { method, headers, signal } = given;
    if (method !== undefined) this.#method = toMethod(method);
    else if (from) this.#method = from.#method;
    if (given["mode"] === "no-cors" && !/^(?:GET|HEAD|POST)$/.test(this.#method))
      throw new TypeError(`${this.#method} is unsupported in no-cors mode.`);
    if (signal !== undefined && signal !== null && !(signal instanceof AbortSignal)) throw new TypeError("no AbortSignal");
    this.#follows = signal !== undefined ? signal : (from ?? null);
    if (headers !== undefined) this.#headers = new LightHeaders(headers);
    else if (from) this.#headers = copyHeaders(from.headers);
    this.#setBody(given, from && from.#body);
  }

  #setBody({ body, duplex }: Readonly<Record<string, unknown>>, inherited: Body | null = null): void {
    const own = body !== undefined && body !== null;
    if (!own && !inherited) return;
    if (/^(?:GET|HEAD)$/.test(this.#method)) throw new TypeError("Request with GET/HEAD method cannot have body.");
    const { mode, keepalive } = this.#options;
    const [extracted, type] = own ? extract(body) : [inherited!];
    if (extracted.source === undefined) {
      if (own && keepalive) throw new TypeError("keepalive");
      if (own && (duplex === undefined || duplex === null))
        throw new TypeError("RequestInit: duplex option is required when sending a body.");
      if (mode !== "same-origin" && mode !== "cors") throw new TypeError("A stream can be sent in the modes same-origin and cors only.");
    }
    this.#body = own ? extracted : moveBody(extracted);
    if (type !== undefined && !this.headers.has("content-type")) this.headers.append("content-type", type);
  }

  /** A request of what a front of Lambda has; the adapter's half is framework/runtime/http-api-light.ts. Throws as the constructor. */
  static [open](
    url: string,
    method: string,
    headers: Readonly<Record<string, string>>,
    cookies: readonly string[] | null | undefined,
    body: string | Uint8Array<ArrayBuffer> | null,
  ): LightRequest {
    const request = new LightRequest(url);
    request.#method = toMethod(method);
    request.#front = () => new LightHeaders(cookies ? { ...headers, cookie: cookies.join("; ") } : headers);
    if (body !== null) request.#setBody({ body });
    return request;
  }

  static {
    bodyOf = (request) => request.#body;
    toNative = (request) => {
      const { referrer, mode, ...options } = request.#options;
      const init = {
        ...options,
        // These two are refused where they are the answer of a getter.
        ...(referrer !== "about:client" && { referrer }),
        ...(mode !== "navigate" && { mode }),
        method: request.#method,
        headers: written(request.headers),
        body: sendable(request.#body),
        signal: request.signal,
        duplex: "half",
      };
      return [request.#url, init as RequestInit];
    };
  }

  get method(): string {
    return this.#method;
  }
  get url(): string {
    return this.#url;
  }
  get headers(): LightHeaders {
    return (this.#headers ??= this.#front ? readFront(this.#front) : new LightHeaders());
  }
  // Written out: to add them in a loop would cost a start half a millisecond.
  get referrer(): string {
    return this.#options.referrer;
  }
  get referrerPolicy(): string {
    return this.#options.referrerPolicy;
  }
  get mode(): string {
    return this.#options.mode;
  }
  get credentials(): string {
    return this.#options.credentials;
  }
  get cache(): string {
    return this.#options.cache;
  }
  get redirect(): string {
    return this.#options.redirect;
  }
  get integrity(): string {
    return this.#options.integrity;
  }
  get keepalive(): boolean {
    return this.#options.keepalive;
  }
  get destination(): string {
    return this.#options.destination;
  }
  get isReloadNavigation(): boolean {
    return this.#options.isReloadNavigation;
  }
  get isHistoryNavigation(): boolean {
    return this.#options.isHistoryNavigation;
  }
  get duplex(): string {
    return this.#options.duplex;
  }
  get signal(): AbortSignal {
    const source = this.#follows instanceof LightRequest ? this.#follows.signal : this.#follows;
    return (this.#signal ??= source ? AbortSignal.any([source]) : new AbortController().signal);
  }
  clone(): LightRequest {
    checkUsable(this.#body);
    const clone = new LightRequest(this.#url, { signal: this.signal });
    clone.#method = this.#method;
    clone.#headers = copyHeaders(this.headers);
    clone.#body = cloneBody(this.#body);
    clone.#options = this.#options;
    return clone;
  }
}

present(
  "Request",
  LightRequest,
  members(
    "method,url,headers,destination,referrer,referrerPolicy,mode,credentials,cache,redirect,integrity,keepalive,isReloadNavigation,isHistoryNavigation,signal",
  ),
  bodyMembers(bodyOf),
);
