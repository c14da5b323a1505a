/** The class Response (Fetch standard, section 5.5), without the platform's fetch implementation. */
import { type Body, type BodyMembers, bodyMembers, cloneBody, extract, createBody, takeText } from "./body.ts";
import {
  brand,
  byteString,
  dictionary,
  getters,
  pick,
  defineClass,
  throwTypeError,
  uncloneable,
  unsignedShort,
} from "./webidl.ts";
import { addType, contentType, copyHeaders, LightHeaders, seal, toPairs, toRecord } from "./headers.ts";

/** The private state of a response. */
interface ResponseState {
  readonly type: ResponseType;
  readonly url: string;
  readonly redirected: boolean;
  statusText: string;
  status: number;
  readonly body: Body | null;
  /** Made when they are first read; until then the only header is the body's content type. */
  headers: LightHeaders | undefined;
  /** A reference that keeps the platform's object from being collected, which would cancel its body. */
  readonly native?: Response;
}

/** A response of text: its headers by name, its cookies and its body. */
interface TextResponse {
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
  readonly body: string;
}

let stateOf: (response: LightResponse) => ResponseState;
/** Makes a response of the parts that differ from the defaults. */
export let createResponse: (changes: Partial<ResponseState>) => LightResponse;

// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- defineClass adds them below
export interface LightResponse extends BodyMembers, Omit<ResponseState, "body" | "headers" | "native"> {}

/** The lightweight class that replaces Response. */
export class LightResponse {
  #state: ResponseState;

  constructor(body: unknown = null, init: unknown = undefined) {
    uncloneable(this);
    this.#state = toState(init, body === null ? null : extract(body));
  }

  static {
    stateOf = (response) => response.#state;
    createResponse = (changes) => {
      const response = new LightResponse();
      response.#state = { ...response.#state, ...changes };
      return response;
    };
  }

  /**
   * Reads a response of text without a copy or a promise, for framework/runtime/light-web-classes.ts, and marks its
   * body as used. Undefined for an instance of a subclass, and for a body that is not text.
   */
  static [brand](response: LightResponse): TextResponse | undefined {
    // A subclass may override members.
    if (Object.getPrototypeOf(response) !== LightResponse.prototype) return undefined;
    const { headers, body: content } = response.#state;
    if (headers?.has("content-encoding")) return undefined;
    const body = takeText(content);
    if (body === undefined) return undefined;
    return headers
      ? { headers: toRecord(headers), cookies: headers.getSetCookie(), body }
      : { headers: typeHeaders(content), cookies: [], body };
  }

  // Fields are enumerable, and arrow functions are no constructors, as on the platform.
  static error = (): LightResponse => createResponse({ type: "error", status: 0, headers: seal(new LightHeaders()) });

  static json = (data: unknown, init: unknown = undefined): LightResponse =>
    createResponse(toState(init, createBody(JSON.stringify(data) ?? throwTypeError("no JSON"), "application/json")));

  static redirect = (url: unknown, status: unknown = 302): LightResponse => {
    const location = new URL(`${url as string}`).href;
    const code = unsignedShort(status);
    if (!/^30[12378]$/.test(`${code}`)) throw new RangeError(`${code} is no redirect`);
    return createResponse({ status: code, headers: seal(new LightHeaders({ location })) });
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
    return createResponse({ ...this.#state, body: cloneBody(body), headers: headers && copyHeaders(headers) });
  }
}

const typeHeaders = (body: Body | null): Record<string, string> =>
  body?.type === undefined ? {} : { [contentType]: body.type };

/** The state for the arguments of the constructor. Throws as it does. */
function toState(init: unknown, body: Body | null): ResponseState {
  const state: ResponseState = {
    type: "default",
    url: "",
    redirected: false,
    statusText: "",
    status: 200,
    body,
    headers: undefined,
  };
  if (init !== undefined) read(state, dictionary(init));
  return state;
}

function read(
  state: ResponseState,
  { headers, status = 200, statusText = "" }: Readonly<Record<string, unknown>>,
): void {
  state.statusText = byteString(statusText);
  state.status = unsignedShort(status);
  if (state.status < 200 || state.status > 599) {
    if (headers !== undefined) toPairs(headers).flat().forEach(byteString);
    throw new RangeError("status is 200 to 599");
  }
  // RFC 9112 section 4: reason-phrase.
  if (!/^[\t -~\x80-\xff]*$/.test(state.statusText)) throwTypeError("Invalid statusText");
  if (headers !== undefined) addType({ headers: (state.headers = new LightHeaders(headers)) }, state.body?.type);
  if (state.body && [204, 205, 304].includes(state.status)) throwTypeError(`${state.status} has no body`);
}

/** Members that are fields of the state. */
export const plainMembers = ["type", "url", "redirected", "statusText"] as const;

defineClass(
  "Response",
  LightResponse,
  pick("status,statusText,headers,body,bodyUsed,ok,redirected,type,url".split(",")),
  bodyMembers((response: LightResponse) => stateOf(response).body),
  ...getters(plainMembers, stateOf),
);
