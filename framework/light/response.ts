/** Response (Fetch standard, section 5.5): a body and an init in, an answer out, without the platform's fetch implementation. */
import { type Body, type BodyMembers, bodyMembers, checkUsable, cloneBody, extract, made, takeAtOnce, text } from "./body.ts";
import { byteString, dictionary, members, need, present, uncloneable, unsignedShort } from "./convert.ts";
import { copyHeaders, LightHeaders, recordOf, seal, toLists } from "./headers.ts";

/** What only an answer of `fetch`, or an error, has; an ordinary Response shares one. */
interface Origin {
  readonly type: ResponseType;
  readonly url: string;
  readonly redirected: boolean;
  /** Held: when the platform's own object is collected, its body is cancelled. */
  readonly native?: Response;
}

/** The brand by which adapters know light classes. */
const whole = Symbol.for("portico.whole");

/** Headers but cookies by name, and a body that nobody else has. */
interface Whole {
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
  readonly body: string | Uint8Array<ArrayBuffer>;
}

const here: Origin = { type: "default", url: "", redirected: false };

const nullBodies = [101, 204, 205, 304];
const redirects = [301, 302, 303, 307, 308];

/** An answer of the platform's `fetch` as one of ours. */
export let wrap: (native: Response) => LightResponse;

let bodyOf: (response: LightResponse) => Body | null;

// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- added below, as they are to requests
export interface LightResponse extends BodyMembers {}

/** What `Response` is to who uses it. */
export class LightResponse {
  #status = 200;
  #statusText = "";
  /** Made when it is asked for; until then `#type` is all that is in it. */
  #headers: LightHeaders | undefined;
  #type: string | undefined;
  #body: Body | null = null;
  #origin = here;

  constructor(body: unknown = null, init: unknown = undefined) {
    uncloneable(this);
    if (typeof body === "string" && init === undefined) {
      // What most are.
      this.#body = made(body);
      this.#type = text;
      return;
    }
    const extracted = body === null ? undefined : extract(body);
    if (init !== undefined) this.#init(dictionary(init), extracted !== undefined);
    if (extracted) {
      this.#body = extracted[0];
      this.#setType(extracted[1]);
    }
  }

  #init(init: Readonly<Record<string, unknown>>, hasBody: boolean): void {
    const { headers, status, statusText } = init;
    const text = statusText === undefined ? "" : byteString(statusText);
    if (status !== undefined) this.#status = unsignedShort(status);
    if (this.#status < 200 || this.#status > 599) {
      if (headers !== undefined) toLists(headers).flat().forEach(byteString);
      throw new RangeError('init["status"] must be in the range of 200 to 599, inclusive.');
    }
    // RFC 9112 section 4: reason-phrase.
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(text)) throw new TypeError("Invalid statusText");
    this.#statusText = text;
    if (headers !== undefined) this.#headers = new LightHeaders(headers);
    if (hasBody && nullBodies.includes(this.#status)) throw new TypeError(`Invalid response status code ${this.#status}`);
  }

  #setType(type: string | undefined): void {
    if (!this.#headers) this.#type = type;
    else if (type !== undefined && !this.#headers.has("content-type")) this.#headers.append("content-type", type);
  }

  static {
    bodyOf = (response) => response.#body;
    wrap = (native) => {
      const { status, statusText, type, url, redirected, body } = native;
      const response = new LightResponse();
      response.#status = status;
      response.#statusText = statusText;
      response.#headers = new LightHeaders([...native.headers]);
      seal(response.#headers);
      response.#body = body && { source: undefined, stream: body, used: false };
      response.#origin = { type, url, redirected, native };
      return response;
    };
  }

  /**
   * What an adapter sends, without a copy and without a promise: the adapter's half is framework/runtime/http-api.ts. The body is used
   * then. Undefined for a response that has to be asked in the standard's way: its class is another's, or its body is no text or bytes.
   */
  static [whole](response: LightResponse): Whole | undefined {
    // A class that extends this one may answer otherwise.
    if (Object.getPrototypeOf(response) !== LightResponse.prototype) return undefined;
    const body = takeAtOnce(response.#body);
    if (body === undefined) return undefined;
    const headers = response.#headers;
    if (headers) return { headers: recordOf(headers), cookies: headers.getSetCookie(), body };
    return { headers: response.#type === undefined ? {} : { "content-type": response.#type }, cookies: [], body };
  }

  static error(): LightResponse {
    const response = new LightResponse();
    response.#status = 0;
    response.#origin = { ...here, type: "error" };
    seal(response.headers);
    return response;
  }

  static json(data: unknown, init?: unknown): LightResponse {
    need(arguments.length, 1);
    const text = JSON.stringify(data) as string | undefined;
    if (text === undefined) throw new TypeError("Value is not JSON serializable");
    const response = new LightResponse();
    if (init !== undefined) response.#init(dictionary(init), true);
    response.#body = extract(text)[0];
    response.#setType("application/json");
    return response;
  }

  static redirect(url: unknown, status: unknown = 302): LightResponse {
    need(arguments.length, 1);
    const location = new URL(`${url as string}`).href;
    const code = unsignedShort(status);
    if (!redirects.includes(code)) throw new RangeError(`Invalid status code ${code}`);
    const response = new LightResponse();
    response.#status = code;
    response.headers.append("location", location);
    seal(response.headers);
    return response;
  }

  get type(): ResponseType {
    return this.#origin.type;
  }
  get url(): string {
    return this.#origin.url;
  }
  get redirected(): boolean {
    return this.#origin.redirected;
  }
  get status(): number {
    return this.#status;
  }
  get ok(): boolean {
    return this.#status >= 200 && this.#status < 300;
  }
  get statusText(): string {
    return this.#statusText;
  }
  get headers(): LightHeaders {
    return (this.#headers ??= new LightHeaders(this.#type === undefined ? undefined : { "content-type": this.#type }));
  }
  clone(): LightResponse {
    checkUsable(this.#body);
    const clone = new LightResponse();
    clone.#status = this.#status;
    clone.#statusText = this.#statusText;
    clone.#type = this.#type;
    clone.#headers = this.#headers && copyHeaders(this.#headers);
    clone.#body = cloneBody(this.#body);
    clone.#origin = this.#origin;
    return clone;
  }
}

present("Response", LightResponse, members("status,statusText,headers,body,bodyUsed,ok,redirected,type,url"), bodyMembers(bodyOf));
