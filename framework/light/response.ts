/** Response (Fetch standard, section 5.5): a body and an init in, an answer out, without the platform's fetch implementation. */
import { type Body, type BodyMembers, bodyMembers, cloneBody, extract, made, takeText } from "./body.ts";
import { brand, byteString, dictionary, getters, members, present, refuse, uncloneable, unsignedShort } from "./convert.ts";
import { addType, contentType, copyHeaders, LightHeaders, recordOf, seal, toPairs } from "./headers.ts";

/** What is behind a response. */
interface State {
  readonly type: ResponseType;
  readonly url: string;
  readonly redirected: boolean;
  statusText: string;
  status: number;
  readonly body: Body | null;
  /** Made when they are asked for; until then the body's type is all that is in them. */
  headers: LightHeaders | undefined;
  /** Held: when the platform's own object is collected, its body is cancelled. */
  readonly native?: Response;
}

/** Headers but cookies by name, and a body that nobody else has. */
interface Whole {
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
  readonly body: string;
}

let stateOf: (response: LightResponse) => State;
/** A response of what is not as usual. */
export let respond: (changes: Partial<State>) => LightResponse;

// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- added below, as they are to requests
export interface LightResponse extends BodyMembers, Omit<State, "body" | "headers" | "native"> {}

/** What `Response` is to who uses it. */
export class LightResponse {
  #state: State;

  constructor(body: unknown = null, init: unknown = undefined) {
    uncloneable(this);
    this.#state = toState(init, body === null ? null : extract(body));
  }

  static {
    stateOf = (response) => response.#state;
    respond = (changes) => {
      const response = new LightResponse();
      response.#state = { ...response.#state, ...changes };
      return response;
    };
  }

  /**
   * What an adapter sends, without a copy and without a promise: the adapter's half is framework/runtime/http-api-light.ts. The body is
   * used then. Undefined for a response that has to be asked in the standard's way: its class is another's, or its body is no mere text.
   */
  static [brand](response: LightResponse): Whole | undefined {
    // A class that extends this one may answer otherwise.
    if (Object.getPrototypeOf(response) !== LightResponse.prototype) return undefined;
    const { headers, body: it } = response.#state;
    if (headers?.has("content-encoding")) return undefined;
    const body = takeText(it);
    if (body === undefined) return undefined;
    return headers
      ? { headers: recordOf(headers), cookies: headers.getSetCookie(), body }
      : { headers: typeHeaders(it), cookies: [], body };
  }

  // Fields, since such can be listed, and arrows, since methods are no constructors.
  static error = (): LightResponse => respond({ type: "error", status: 0, headers: seal(new LightHeaders()) });

  static json = (data: unknown, init: unknown = undefined): LightResponse =>
    respond(toState(init, made(JSON.stringify(data) ?? refuse("no JSON"), "application/json")));

  static redirect = (url: unknown, status: unknown = 302): LightResponse => {
    const location = new URL(`${url as string}`).href;
    const code = unsignedShort(status);
    if (!/^30[12378]$/.test(`${code}`)) throw new RangeError(`${code} is no redirect`);
    return respond({ status: code, headers: seal(new LightHeaders({ location })) });
  };

  get status(): number {
    return this.#state.status;
  }
  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }
  get headers(): LightHeaders {
    return (this.#state.headers ??= new LightHeaders(typeHeaders(this.#state.body)));
  }
  clone(): LightResponse {
    const { headers, body } = this.#state;
    return respond({ ...this.#state, body: cloneBody(body), headers: headers && copyHeaders(headers) });
  }
}

const typeHeaders = (body: Body | null): Record<string, string> => (body?.type === undefined ? {} : { [contentType]: body.type });

/** Throws as the constructor. */
function toState(init: unknown, body: Body | null): State {
  const state: State = { type: "default", url: "", redirected: false, statusText: "", status: 200, body, headers: undefined };
  if (init !== undefined) read(state, dictionary(init));
  return state;
}

function read(state: State, { headers, status = 200, statusText = "" }: Readonly<Record<string, unknown>>): void {
  state.statusText = byteString(statusText);
  state.status = unsignedShort(status);
  if (state.status < 200 || state.status > 599) {
    if (headers !== undefined) toPairs(headers).flat().forEach(byteString);
    throw new RangeError("status is 200 to 599");
  }
  // RFC 9112 section 4: reason-phrase.
  if (!/^[\t -~\x80-\xff]*$/.test(state.statusText)) refuse("Invalid statusText");
  if (headers !== undefined) addType({ headers: (state.headers = new LightHeaders(headers)) }, state.body?.type);
  if (state.body && [204, 205, 304].includes(state.status)) refuse(`${state.status} has no body`);
}

/** Members that are the record's. */
export const plain = ["type", "url", "redirected", "statusText"] as const;

present(
  "Response",
  LightResponse,
  members("status,statusText,headers,body,bodyUsed,ok,redirected,type,url".split(",")),
  bodyMembers((response: LightResponse) => stateOf(response).body),
  ...getters(plain, stateOf),
);
