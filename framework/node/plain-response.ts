/** A Response that costs next to nothing until it is looked at: text or nothing with plain headers is kept as it is, all else is the platform's own. */

/** Not read before it is needed: that loads Node's fetch implementation (18 ms). */
let Platform: typeof Response;

/** What is sent of a response that nobody looked at. */
export interface PlainParts {
  readonly status: number;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body: string | null;
}

// RFC 9110 sections 5.1 and 5.5: a token, and a value that node:http and fetch both take without changing it.
const token = /^[!#$%&'*+.^_`|~\w-]+$/;
const value = /^[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?$/;
/** They need more than a copy: framing is the server's, and cookies are repeated. */
const special = /^(?:content-length|transfer-encoding|connection|keep-alive|upgrade|trailer|set-cookie2?)$/i;

/** The headers in turn, or undefined where the platform's class must judge or join them. */
function plainHeaders(given: HeadersInit | undefined, body: string | null): string[] | undefined {
  const headers: string[] = [];
  let typed = body === null;
  if (given !== undefined && given !== null) {
    if (Object.getPrototypeOf(given) !== Object.prototype) return undefined;
    const names = new Set<string>();
    for (const name of Reflect.ownKeys(given)) {
      const text = typeof name === "string" ? (given as Record<string, unknown>)[name] : undefined;
      if (typeof name !== "string" || typeof text !== "string" || !token.test(name) || !value.test(text) || special.test(name))
        return undefined;
      const lower = name.toLowerCase();
      if (names.has(lower)) return undefined;
      names.add(lower);
      if (lower === "content-type") typed = true;
      headers.push(lower, text);
    }
  }
  if (!typed) headers.push("content-type", "text/plain;charset=UTF-8");
  return headers;
}

const withoutBody: ReadonlySet<number> = new Set([204, 205, 304]);

function partsOf(given: unknown, init: ResponseInit | undefined): PlainParts | undefined {
  const body = given ?? null;
  if (body !== null && typeof body !== "string") return undefined;
  if (init !== undefined && (init === null || Object.getPrototypeOf(init) !== Object.prototype || init.statusText !== undefined))
    return undefined;
  const status = init?.status ?? 200;
  // Whatever the platform refuses, it refuses itself, in its own words.
  if (!Number.isInteger(status) || status < 200 || status > 599 || (body !== null && withoutBody.has(status))) return undefined;
  // A lone surrogate becomes U+FFFD in both, since both write UTF-8.
  const headers = plainHeaders(init?.headers, body);
  return headers && { status, headers, body };
}

/** The platform's Response behind it, made when something asks for more than was given. */
class PlainResponse {
  #parts: PlainParts | undefined;
  #real: Response | undefined;
  /** Its text was sent, which no body is twice. */
  #sent = false;

  constructor(body?: BodyInit | null, init?: ResponseInit) {
    this.#parts = partsOf(body, init);
    if (!this.#parts) this.#real = new Platform(realOf(body) as BodyInit, realOf(init) as ResponseInit);
  }

  /** Undefined once anything has touched it, or its text was sent. @param send says that it is now */
  static parts(response: object, send: boolean): PlainParts | undefined {
    if (!(#parts in response) || response.#real || response.#sent) return undefined;
    if (send && response.#parts?.body !== null) response.#sent = true;
    return response.#parts;
  }

  static real(response: object): Response {
    if (!(#parts in response)) return response as Response;
    if (!response.#real) {
      const { status, headers, body } = response.#parts!;
      const pairs: [string, string][] = [];
      for (let at = 0; at < headers.length; at += 2) pairs.push([headers[at]!, headers[at + 1]!]);
      response.#real = new Platform(body, { status, headers: pairs });
      if (response.#sent) void response.#real.body?.cancel();
    }
    return response.#real;
  }

  get status(): number {
    return this.#parts?.status ?? this.#real!.status;
  }

  get ok(): boolean {
    return this.status < 300 && this.status >= 200;
  }

  get bodyUsed(): boolean {
    return this.#real?.bodyUsed ?? this.#sent;
  }

  get [Symbol.toStringTag](): string {
    return "Response";
  }

  static json(data: unknown, init?: ResponseInit): Response {
    const text = JSON.stringify(data);
    const plain = init === undefined || init.headers === undefined;
    if (text === undefined || !plain) return Platform.json(data, init);
    return new PlainResponse(text, { ...init, headers: { "content-type": "application/json" } }) as unknown as Response;
  }

  static redirect(url: string | URL, status?: number): Response {
    return Platform.redirect(url, status);
  }

  static error(): Response {
    return Platform.error();
  }

  static [Symbol.hasInstance](given: unknown): boolean {
    return typeof given === "object" && given !== null && Platform.prototype.isPrototypeOf(given);
  }
}

const realOf = (given: unknown): unknown => (typeof given === "object" && given !== null ? PlainResponse.real(given) : given);

for (const name of ["headers", "body", "statusText", "type", "url", "redirected"] as const) {
  Object.defineProperty(PlainResponse.prototype, name, {
    configurable: true,
    enumerable: true,
    get(this: object) {
      return PlainResponse.real(this)[name];
    },
  });
}
for (const name of ["arrayBuffer", "blob", "bytes", "clone", "formData", "json", "text"] as const) {
  Object.defineProperty(PlainResponse.prototype, name, {
    configurable: true,
    enumerable: true,
    writable: true,
    value(this: object) {
      return (PlainResponse.real(this)[name] as () => unknown)();
    },
  });
}
/** What can be sent as it is, or undefined for a response whose own class must be asked. */
export const plainParts = (response: Response): PlainParts | undefined => PlainResponse.parts(response, false);

/** The same, for who sends it: its body is used then. */
export const takePlain = (response: Response): PlainParts | undefined => PlainResponse.parts(response, true);

/** Makes it this process's `Response`. Only for a process that is a server and nothing else, before the app is loaded. */
export function installPlainResponse(): void {
  if (globalThis.Response === (PlainResponse as unknown)) return;
  Platform = globalThis.Response;
  Object.setPrototypeOf(PlainResponse.prototype, Platform.prototype);
  Object.defineProperty(PlainResponse, "name", { value: "Response" });
  Object.defineProperty(globalThis, "Response", { value: PlainResponse, writable: true, configurable: true, enumerable: false });
}
