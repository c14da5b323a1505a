/** Request (Fetch standard, section 5.4): a URL or request and an init in, a request out, without the platform's fetch implementation. */
import { type Body, type BodyMembers, bodyMembers, cloneBody, extract } from "./body.ts";
import { brand, byteString, getters, isObject, members, present, refuse, uncloneable } from "./convert.ts";
import { addType, copyHeaders, isToken, LightHeaders } from "./headers.ts";
import { type Options, standard } from "./options.ts";
import { parts } from "./parts.ts";
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
  if (username || password) refuse(`${text} has credentials`);
  return href;
}

/** "Normalize" (section 2.2.1). Throws TypeError for what is no method, or forbidden. */
export function toMethod(value: unknown): string {
  if (value === "GET") return value;
  const method = byteString(value);
  if (!isToken(method) || /^(CONNECT|TRAC[EK])$/i.test(method)) refuse(`'${method}' is no method, or forbidden`);
  return /^(DELETE|GET|HEAD|OPTIONS|POST|PUT)$/i.test(method) ? method.toUpperCase() : method;
}

/** What is behind a request. */
export interface State {
  method: string;
  readonly url: string;
  headers: LightHeaders | undefined;
  /** Makes them: most requests are answered without a look at them. */
  front: (() => LightHeaders) | undefined;
  body: Body | null;
  options: Options;
  signal: AbortSignal | undefined;
}

export let stateOf: (request: LightRequest) => State;

// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- added below, as the former are to responses
export interface LightRequest extends BodyMembers, Options {}

/** What `Request` is to who uses it. */
export class LightRequest {
  #state: State;

  constructor(input: unknown, init: unknown = undefined) {
    uncloneable(this);
    const from = isObject(input) && #state in input ? input : undefined;
    const url = from ? from.#state.url : toUrl(input);
    this.#state = { method: "GET", url, headers: undefined, front: undefined, body: null, options: standard, signal: undefined };
    if (from || init !== undefined) parts.Request(this, init, from);
  }

  static {
    stateOf = (request) => request.#state;
  }

  /** A request of what a front of Lambda has; the adapter's half is framework/runtime/http-api-light.ts. Throws as the constructor. */
  static [brand](
    url: string,
    method: string,
    headers: Readonly<Record<string, string>>,
    cookies: readonly string[] | null | undefined,
    body: string | Uint8Array<ArrayBuffer> | null,
  ): LightRequest {
    const request = new LightRequest(url);
    const state = request.#state;
    state.method = toMethod(method);
    state.front = () => new LightHeaders(cookies ? { ...headers, cookie: cookies.join("; ") } : headers);
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
      return (state.headers ??= state.front?.() ?? new LightHeaders());
    } catch (error) {
      // Headers that are none are the client's fault, found only now; the error knows its answer.
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

/** Gives a request its body, and the type that it brings. */
export function setBody(request: LightRequest, body: Body): void {
  stateOf(request).body = body;
  addType(request, body.type);
}

const optionNames = Object.keys(standard);

present(
  "Request",
  LightRequest,
  members(["method", "url", "headers", ...optionNames.slice(0, -1), "signal"]),
  bodyMembers((request: LightRequest) => stateOf(request).body),
  ...getters(optionNames, (request: LightRequest) => stateOf(request).options),
);
