/** The class Request (Fetch standard, section 5.4), without the platform's fetch implementation. */
import { type Body, type BodyMembers, bodyMembers, cloneBody, extract, moveBody } from "./body.ts";
import {
  brand,
  byteString,
  dictionary,
  getters,
  isObject,
  pick,
  defineClass,
  throwTypeError,
  uncloneable,
} from "./webidl.ts";
import { addType, copyHeaders, isToken, LightHeaders } from "./headers.ts";
import { type Options, defaults, readOptions } from "./request-options.ts";
import { LightResponse } from "./response.ts";

// A URL that the parser would not change: nothing to escape, no dot segments, a host of letters, no port.
const canonical =
  /^https?:\/\/(?!xn--)[a-z](?:[a-z\d-]|\.(?!xn--)(?=[a-z]))*(?:\/(?![./])[!$&-.0-;=@-Z_a-z~]*)+(?:\?[!$-&(-;=?-~]*)?$/;

let wasParsed = false;

/** The normalised URL. Throws TypeError for an invalid or relative URL, and for one with credentials. */
function toUrl(input: unknown): string {
  const text = `${input as string}`;
  if (wasParsed && canonical.test(text)) return text;
  // The first is always parsed, since compiling the pattern would take 0.05 ms of every start.
  wasParsed = true;
  const { href, username, password } = new URL(text);
  if (username || password) throwTypeError(`${text} has credentials`);
  return href;
}

/** The normalised method (section 2.2.1). Throws TypeError for an invalid or forbidden one. */
function toMethod(value: unknown): string {
  if (value === "GET") return value;
  const method = byteString(value);
  if (!isToken(method) || /^(CONNECT|TRAC[EK])$/i.test(method))
    throwTypeError(`'${method}' is no method, or forbidden`);
  return /^(DELETE|GET|HEAD|OPTIONS|POST|PUT)$/i.test(method) ? method.toUpperCase() : method;
}

/** The private state of a request. */
interface RequestState {
  method: string;
  readonly url: string;
  headers: LightHeaders | undefined;
  /** Makes the headers when they are first read, which most requests never do. */
  lazy: (() => LightHeaders) | undefined;
  body: Body | null;
  options: Options;
  signal: AbortSignal | undefined;
}

export let stateOf: (request: LightRequest) => RequestState;

// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- defineClass adds them below
export interface LightRequest extends BodyMembers, Options {}

/** The lightweight class that replaces Request. */
export class LightRequest {
  #state: RequestState;

  constructor(input: unknown, init: unknown = undefined) {
    uncloneable(this);
    const from = isObject(input) && #state in input ? input : undefined;
    const url = from ? from.#state.url : toUrl(input);
    this.#state = {
      method: "GET",
      url,
      headers: undefined,
      lazy: undefined,
      body: null,
      options: defaults,
      signal: undefined,
    };
    if (from || init !== undefined) readInit(this, init, from);
  }

  static {
    stateOf = (request) => request.#state;
  }

  /**
   * Makes a request of a Lambda event's parts, for framework/runtime/light-web-classes.ts. Throws as the constructor.
   */
  static [brand](
    url: string,
    method: string,
    headers: Readonly<Record<string, string>>,
    cookies: readonly string[] | "" | null | undefined,
    body: string | Uint8Array<ArrayBuffer> | null,
  ): LightRequest {
    const request = new LightRequest(url);
    const state = request.#state;
    state.method = toMethod(method);
    state.lazy = () => new LightHeaders(cookies ? { ...headers, cookie: cookies.join("; ") } : headers);
    if (body !== null) setBody(request, extract(body));
    return request;
  }

  get method(): string {
    return this.#state.method;
  }
  get url(): string {
    return this.#state.url;
  }
  get headers(): LightHeaders {
    const state = this.#state;
    try {
      return (state.headers ??= state.lazy?.() ?? new LightHeaders());
    } catch (error) {
      // Invalid headers of the client, which are found only now; the error carries the response 400.
      throw Object.assign(error as TypeError, { getResponse: () => new LightResponse(null, { status: 400 }) });
    }
  }
  get signal(): AbortSignal {
    return (this.#state.signal ??= AbortSignal.any([]));
  }
  clone(): LightRequest {
    const body = cloneBody(this.#state.body);
    const clone = new LightRequest(this.#state.url);
    clone.#state = { ...this.#state, body, headers: copyHeaders(this.headers), signal: AbortSignal.any([this.signal]) };
    return clone;
  }
}

/** The standard constructor's steps after the URL. Throws TypeError. */
function readInit(request: LightRequest, options: unknown, from: LightRequest | undefined): void {
  const init = dictionary(options);
  const state = stateOf(request);
  const old = from && stateOf(from);
  state.options = readOptions(init, old?.options);
  const { method = old?.method, mode, headers, signal = old?.signal } = init;
  if (method !== undefined) state.method = toMethod(method);
  if (mode === "no-cors" && !/^(GET|HEAD|POST)$/.test(state.method))
    throwTypeError(`${state.method} is not for no-cors`);
  if (signal !== undefined && signal !== null)
    state.signal = AbortSignal.any([signal instanceof AbortSignal ? signal : throwTypeError("no AbortSignal")]);
  if (headers !== undefined) state.headers = new LightHeaders(headers);
  else if (from) state.headers = copyHeaders(from.headers);
  if ((init["body"] ?? null) !== null || old?.body) setBody(request, toBody(state, init, old?.body));
}

function toBody(
  { method, options }: RequestState,
  { body, duplex }: Readonly<Record<string, unknown>>,
  inherited: Body | null = null,
): Body {
  if (/^(GET|HEAD)$/.test(method)) throwTypeError("GET and HEAD have no body");
  const isOwn = (body ?? null) !== null;
  const extracted = isOwn ? extract(body) : inherited!;
  const isRefused = options.mode === "no-cors" || (isOwn && (options.keepalive || (duplex ?? null) === null));
  if (extracted.source === undefined && isRefused)
    throwTypeError("A stream needs duplex, and neither keepalive nor no-cors");
  return isOwn ? extracted : moveBody(extracted);
}

/** Sets a request's body, and the content type of the body. */
function setBody(request: LightRequest, body: Body): void {
  stateOf(request).body = body;
  addType(request, body.type);
}

const optionNames = Object.keys(defaults);

defineClass(
  "Request",
  LightRequest,
  pick(["method", "url", "headers", ...optionNames.slice(0, -1), "signal"]),
  bodyMembers((request: LightRequest) => stateOf(request).body),
  ...getters(optionNames, (request: LightRequest) => stateOf(request).options),
);
