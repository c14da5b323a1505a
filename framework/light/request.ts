/** Request (Fetch standard, section 5.4): a URL or request and an init in, a request out, without the platform's fetch implementation. */
import { type Body, type BodyMembers, bodyMembers, cloneBody, extract, moveBody, sendable } from "./body.ts";
import { byteString, dictionary, getters, isObject, members, present, refuse, uncloneable } from "./convert.ts";
import { addType, copyHeaders, isToken, LightHeaders, written } from "./headers.ts";
import { type Options, readOptions, standard } from "./request-options.ts";
import { LightResponse } from "./response.ts";

// A URL that the parser would give back as it is: nothing to escape, no dot segments, a host of letters, no port.
const canonical = /^https?:\/\/(?!xn--)[a-z](?:[a-z\d-]|\.(?!xn--)(?=[a-z]))*(?:\/(?![./])[!$&-.0-;=@-Z_a-z~]*)+(?:\?[!$-&(-;=?-~]*)?$/;

let wasParsed = false;

/** Throws TypeError for what is no absolute URL, or holds credentials. */
function toUrl(input: unknown): string {
  const text = `${input as string}`;
  if (wasParsed && canonical.test(text)) return text;
  // The first is parsed in any case: to compile the pattern would cost a start 0.05 ms more.
  wasParsed = true;
  const { href, username, password } = new URL(text);
  if (username || password) refuse(`A request's URL has no credentials: ${text}`);
  return href;
}

/** "Normalize" (section 2.2.1). Throws TypeError for what is no method, or forbidden. */
function toMethod(value: unknown): string {
  if (value === "GET") return value;
  const method = byteString(value);
  if (!isToken(method) || /^(CONNECT|TRAC[EK])$/i.test(method)) refuse(`'${method}' is no method, or forbidden`);
  return /^(DELETE|GET|HEAD|OPTIONS|POST|PUT)$/i.test(method) ? method.toUpperCase() : method;
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
let optionsOf: (request: LightRequest) => Options;

/** The brand by which adapters know light classes. */
const open = Symbol.for("portico.open");

// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- added below, as the former are to responses
export interface LightRequest extends BodyMembers, Options {}

/** What `Request` is to who uses it. */
export class LightRequest {
  #method = "GET";
  #url: string;
  #headers: LightHeaders | undefined;
  /** Makes them: most requests are answered without a look at them. */
  #front: (() => LightHeaders) | undefined;
  #body: Body | null = null;
  #options: Options = standard;
  #signal: AbortSignal | undefined;

  constructor(input: unknown, init: unknown = undefined) {
    uncloneable(this);
    const from = isObject(input) && #url in input ? input : undefined;
    const given = dictionary(init);
    this.#url = from ? from.#url : toUrl(input);
    if (from || init !== undefined) this.#init(given, from);
  }

  #init(given: Readonly<Record<string, unknown>>, from: LightRequest | undefined): void {
    this.#options = readOptions(given, from && from.#options);
    const { method = from?.method, mode, headers, signal = from?.signal } = given;
    if (method !== undefined) this.#method = toMethod(method);
    if (mode === "no-cors" && !/^(GET|HEAD|POST)$/.test(this.#method)) refuse(`${this.#method} is not for no-cors`);
    if (signal !== undefined && signal !== null)
      this.#signal = AbortSignal.any([signal instanceof AbortSignal ? signal : refuse("no AbortSignal")]);
    if (headers !== undefined) this.#headers = new LightHeaders(headers);
    else if (from) this.#headers = copyHeaders(from.headers);
    this.#setBody(given, from && from.#body);
  }

  #setBody({ body, duplex }: Readonly<Record<string, unknown>>, inherited: Body | null = null): void {
    const own = body ?? null;
    if (own === null && !inherited) return;
    if (/^(GET|HEAD)$/.test(this.#method)) refuse("GET and HEAD have no body");
    const { mode, keepalive } = this.#options;
    const extracted = own === null ? inherited! : extract(own);
    const isRefused = mode === "no-cors" || (own !== null && (keepalive || (duplex ?? null) === null));
    if (extracted.source === undefined && isRefused) refuse("A stream needs duplex, and neither keepalive nor no-cors");
    this.#body = own === null ? moveBody(extracted) : extracted;
    addType(this, this.#body.type);
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
    optionsOf = (request) => request.#options;
    toNative = (request) => {
      const { referrer, ...options } = request.#options;
      const init = {
        ...options,
        // Refused where it is the answer of a getter.
        ...(referrer !== standard.referrer && { referrer }),
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
  get signal(): AbortSignal {
    return (this.#signal ??= AbortSignal.any([]));
  }
  clone(): LightRequest {
    const body = cloneBody(this.#body);
    const clone = new LightRequest(this.#url);
    clone.#method = this.#method;
    clone.#headers = copyHeaders(this.headers);
    clone.#body = body;
    clone.#signal = AbortSignal.any([this.signal]);
    clone.#options = this.#options;
    return clone;
  }
}

const optionNames = Object.keys(standard);

present("Request", LightRequest, members(["method", "url", "headers", ...optionNames.slice(0, -1), "signal"]), {
  ...bodyMembers(bodyOf),
  ...getters(optionNames, optionsOf),
});
