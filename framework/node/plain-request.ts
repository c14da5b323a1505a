/** A Request that costs next to nothing until it is looked at: method and URL are kept as the server has them, all else is the platform's own. */
import type { InspectOptions } from "node:util";

/** What a server knows of a request; the functions are called when they are first needed, each at most once. */
export interface RequestSource {
  readonly method: string;
  /** As a Request would have it: absolute and normalised. */
  readonly url: string;
  headers(): Headers;
  body(): BodyInit | null;
  /** Aborts when the client leaves. */
  signal(): AbortSignal;
}

let Platform: typeof Request | undefined;

/** The platform's Request behind it, made when something asks for more than was given. */
class PlainRequest {
  readonly #source: RequestSource;
  #headers: Headers | undefined;
  #signal: AbortSignal | undefined;
  #real: Request | undefined;

  constructor(source: RequestSource) {
    this.#source = source;
  }

  /** Anything but one of ours is given back as it is. */
  static real(given: unknown): unknown {
    if (typeof given !== "object" || given === null || !(#source in given)) return given;
    if (!given.#real) {
      given.#real = toPlatform(given.#source, { headers: given.headers, signal: given.signal });
      given.#headers = given.#real.headers;
    }
    return given.#real;
  }

  get method(): string {
    return this.#source.method;
  }

  get url(): string {
    return this.#source.url;
  }

  get headers(): Headers {
    return (this.#headers ??= this.#source.headers());
  }

  get signal(): AbortSignal {
    return (this.#signal ??= this.#source.signal());
  }

  get bodyUsed(): boolean {
    return this.#real?.bodyUsed ?? false;
  }

  get [Symbol.toStringTag](): string {
    return "Request";
  }
}

const realOf = (request: object): Request => PlainRequest.real(request) as Request;

function toPlatform(source: RequestSource, kept: { readonly headers: Headers; readonly signal: AbortSignal }): Request {
  const { url, method } = source;
  return new (Platform ?? Request)(url, { ...kept, method, body: source.body(), duplex: "half" } as RequestInit);
}

/** Everything else that a Request has is asked of the platform's. */
function inherit(platform: typeof Request): void {
  Object.setPrototypeOf(PlainRequest.prototype, platform.prototype);
  for (const [name, { get, value }] of Object.entries(Object.getOwnPropertyDescriptors(platform.prototype))) {
    if (Object.hasOwn(PlainRequest.prototype, name) || (!get && typeof value !== "function")) continue;
    const ask = function (this: object, ...words: unknown[]): unknown {
      return Reflect.apply((get ?? value) as () => unknown, realOf(this), words);
    };
    const property = get ? { get: ask } : { value: ask, writable: true };
    Object.defineProperty(PlainRequest.prototype, name, { ...property, configurable: true, enumerable: true });
  }
  const print = function (this: object, _depth: number, options: InspectOptions, inspect: typeof import("node:util").inspect): string {
    return inspect(realOf(this), options);
  };
  Object.defineProperty(PlainRequest.prototype, Symbol.for("nodejs.util.inspect.custom"), { value: print, configurable: true });
}

/** A plain one where `installPlainRequest` has prepared the process for it, else the platform's own. */
export function createRequest(source: RequestSource): Request {
  if (Platform) return new PlainRequest(source) as unknown as Request;
  return toPlatform(source, { headers: source.headers(), signal: source.signal() });
}

/**
 * Makes `Request` and `fetch` of this process take plain requests where they take the platform's, which looks for its own private parts.
 * Only for a process that is a server and nothing else, before the app is loaded.
 */
export function installPlainRequest(): void {
  if (Platform) return;
  const [platform, fetch] = [globalThis.Request, globalThis.fetch];
  Platform = platform;
  // What is made by `new` is the platform's own, of the class that was asked for.
  const Substitute: typeof Request = function (input: unknown, init?: unknown): Request {
    const made = (new.target as unknown) === Substitute ? platform : (new.target as unknown as typeof Request);
    return Reflect.construct(platform, [PlainRequest.real(input), PlainRequest.real(init)], made) as Request;
  } as never;
  Object.defineProperty(Substitute, "name", { value: "Request" });
  Object.defineProperty(Substitute, "prototype", { value: platform.prototype, writable: false });
  inherit(platform);
  for (const { prototype } of [PlainRequest, platform])
    Object.defineProperty(prototype, "constructor", { value: Substitute, configurable: true, writable: true });
  Object.defineProperty(globalThis, "Request", { value: Substitute, writable: true, configurable: true, enumerable: false });
  const ask: typeof fetch = (input, init) => fetch(PlainRequest.real(input) as Request, PlainRequest.real(init) as RequestInit);
  Object.defineProperty(ask, "name", { value: "fetch" });
  Object.defineProperty(globalThis, "fetch", { value: ask, writable: true, configurable: true, enumerable: true });
}
