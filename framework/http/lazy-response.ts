/** A Response that keeps a text and its headers until more is read; the rest comes from the platform's Response. */

/** Read only when needed, since that loads Node's fetch implementation (18 ms). */
let Platform: typeof Response;

/** The parts of a lazy response, as they are sent. */
export interface LazyParts {
  readonly status: number;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body: string | null;
}

// RFC 9110 sections 5.1 and 5.5: a token, and a value that node:http and fetch both accept without a change.
const token = /^[!#$%&'*+.^_`|~\w-]+$/;
const value = /^[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?$/;
/** Headers that cannot be copied: the server frames the message, and cookies are repeated. */
const special = /^(?:content-length|transfer-encoding|connection|keep-alive|upgrade|trailer|set-cookie2?)$/i;

/** Names and values in turn, or undefined if the platform's class must check or join them. */
function copyHeaders(given: HeadersInit | undefined, body: string | null): string[] | undefined {
  const headers: string[] = [];
  let typed = body === null;
  if (given !== undefined && given !== null) {
    if (Object.getPrototypeOf(given) !== Object.prototype) return undefined;
    const names = new Set<string>();
    for (const name of Reflect.ownKeys(given)) {
      const text = typeof name === "string" ? (given as Record<string, unknown>)[name] : undefined;
      if (
        typeof name !== "string" ||
        typeof text !== "string" ||
        !token.test(name) ||
        !value.test(text) ||
        special.test(name)
      )
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

function partsOf(given: unknown, init: ResponseInit | undefined): LazyParts | undefined {
  const body = given ?? null;
  if (body !== null && typeof body !== "string") return undefined;
  if (
    init !== undefined &&
    (init === null || Object.getPrototypeOf(init) !== Object.prototype || init.statusText !== undefined)
  )
    return undefined;
  const status = init?.status ?? 200;
  // The platform throws its own errors.
  if (!Number.isInteger(status) || status < 200 || status > 599 || (body !== null && withoutBody.has(status)))
    return undefined;
  // A lone surrogate becomes U+FFFD in both, since both write UTF-8.
  const headers = copyHeaders(init?.headers, body);
  return headers && { status, headers, body };
}

/** A Response that makes the platform's when a member other than these is read. */
class LazyResponse {
  #parts: LazyParts | undefined;
  #real: Response | undefined;
  /** Whether its text was sent, so that the body counts as used. */
  #sent = false;

  constructor(body?: BodyInit | null, init?: ResponseInit) {
    this.#parts = partsOf(body, init);
    if (!this.#parts) this.#real = new Platform(realOf(body) as BodyInit, realOf(init) as ResponseInit);
  }

  /**
   * Undefined if the platform's Response was made or the text was sent.
   * @param send marks the text as sent
   */
  static parts(response: object, send: boolean): LazyParts | undefined {
    if (!(#parts in response) || response.#real || response.#sent) return undefined;
    if (send && response.#parts?.body !== null) response.#sent = true;
    return response.#parts;
  }

  static real(response: object): Response {
    if (!(#parts in response)) return response as Response;
    if (!response.#real) {
      const { status, headers, body } = response.#parts!;
      const pairs: [string, string][] = [];
      for (let index = 0; index < headers.length; index += 2) pairs.push([headers[index]!, headers[index + 1]!]);
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
    const isCopyable = init === undefined || init.headers === undefined;
    if (text === undefined || !isCopyable) return Platform.json(data, init);
    return new LazyResponse(text, { ...init, headers: { "content-type": "application/json" } }) as unknown as Response;
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

const realOf = (given: unknown): unknown =>
  typeof given === "object" && given !== null ? LazyResponse.real(given) : given;

for (const name of ["headers", "body", "statusText", "type", "url", "redirected"] as const) {
  Object.defineProperty(LazyResponse.prototype, name, {
    configurable: true,
    enumerable: true,
    get(this: object) {
      return LazyResponse.real(this)[name];
    },
  });
}
for (const name of ["arrayBuffer", "blob", "bytes", "clone", "formData", "json", "text"] as const) {
  Object.defineProperty(LazyResponse.prototype, name, {
    configurable: true,
    enumerable: true,
    writable: true,
    value(this: object) {
      return (LazyResponse.real(this)[name] as () => unknown)();
    },
  });
}
/** The parts of a lazy response; undefined for one that must be read through its class. */
export const peekLazyParts = (response: Response): LazyParts | undefined => LazyResponse.parts(response, false);

/** The same, with its body marked as used; for sending. */
export const takeLazyParts = (response: Response): LazyParts | undefined => LazyResponse.parts(response, true);

/**
 * Makes LazyResponse the process's `Response`. Only for a process that is a server and nothing else, before the app is
 * loaded.
 */
export function installLazyResponse(): void {
  if (globalThis.Response === (LazyResponse as unknown)) return;
  Platform = globalThis.Response;
  Object.setPrototypeOf(LazyResponse.prototype, Platform.prototype);
  Object.defineProperty(LazyResponse, "name", { value: "Response" });
  Object.defineProperty(globalThis, "Response", {
    value: LazyResponse,
    writable: true,
    configurable: true,
    enumerable: false,
  });
}
