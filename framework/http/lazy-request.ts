/** A Request that has only its method and URL until more is read; the rest comes from the platform's Request. */
import type { InspectOptions } from "node:util";

/** The parts of a request; the functions are called when they are first needed, each at most once. */
export interface RequestSource {
  readonly method: string;
  /** Absolute and normalised, as a Request's is. */
  readonly url: string;
  headers(): Headers;
  body(): BodyInit | null;
  /** Aborts when the client disconnects. */
  signal(): AbortSignal;
}

let Platform: typeof Request | undefined;

/** A Request that makes the platform's when a member other than these is read. */
class LazyRequest {
  readonly #source: RequestSource;
  #headers: Headers | undefined;
  #signal: AbortSignal | undefined;
  #real: Request | undefined;

  constructor(source: RequestSource) {
    this.#source = source;
  }

  /** The platform's Request of a lazy one; any other value is returned as it is. */
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

const realOf = (request: object): Request => LazyRequest.real(request) as Request;

function toPlatform(
  source: RequestSource,
  parts: { readonly headers: Headers; readonly signal: AbortSignal },
): Request {
  const { url, method } = source;
  return new (Platform ?? Request)(url, { ...parts, method, body: source.body(), duplex: "half" } as RequestInit);
}

/** Delegates all other members to the platform's Request. */
function inherit(platform: typeof Request): void {
  Object.setPrototypeOf(LazyRequest.prototype, platform.prototype);
  for (const [name, { get, value }] of Object.entries(Object.getOwnPropertyDescriptors(platform.prototype))) {
    if (Object.hasOwn(LazyRequest.prototype, name) || (!get && typeof value !== "function")) continue;
    const delegate = function (this: object, ...parameters: unknown[]): unknown {
      return Reflect.apply((get ?? value) as () => unknown, realOf(this), parameters);
    };
    const property = get ? { get: delegate } : { value: delegate, writable: true };
    Object.defineProperty(LazyRequest.prototype, name, { ...property, configurable: true, enumerable: true });
  }
  const print = function (
    this: object,
    _depth: number,
    options: InspectOptions,
    inspect: typeof import("node:util").inspect,
  ): string {
    return inspect(realOf(this), options);
  };
  Object.defineProperty(LazyRequest.prototype, Symbol.for("nodejs.util.inspect.custom"), {
    value: print,
    configurable: true,
  });
}

/** Makes a lazy Request if `installLazyRequest` was called, else the platform's own. */
export function createRequest(source: RequestSource): Request {
  if (Platform) return new LazyRequest(source) as unknown as Request;
  return toPlatform(source, { headers: source.headers(), signal: source.signal() });
}

/**
 * Replaces the process's `Request` and `fetch`, so that they accept lazy requests; the platform's would look for
 * private members. Only for a process that is a server and nothing else, before the app is loaded.
 */
export function installLazyRequest(): void {
  if (Platform) return;
  const [platform, fetch] = [globalThis.Request, globalThis.fetch];
  Platform = platform;
  // `new` makes the platform's own, or an instance of the subclass.
  const Substitute: typeof Request = function (input: unknown, init?: unknown): Request {
    const target = (new.target as unknown) === Substitute ? platform : (new.target as unknown as typeof Request);
    return Reflect.construct(platform, [LazyRequest.real(input), LazyRequest.real(init)], target) as Request;
  } as never;
  Object.defineProperty(Substitute, "name", { value: "Request" });
  Object.defineProperty(Substitute, "prototype", { value: platform.prototype, writable: false });
  inherit(platform);
  for (const { prototype } of [LazyRequest, platform])
    Object.defineProperty(prototype, "constructor", { value: Substitute, configurable: true, writable: true });
  Object.defineProperty(globalThis, "Request", {
    value: Substitute,
    writable: true,
    configurable: true,
    enumerable: false,
  });
  const lazyFetch: typeof fetch = (input, init) =>
    fetch(LazyRequest.real(input) as Request, LazyRequest.real(init) as RequestInit);
  Object.defineProperty(lazyFetch, "name", { value: "fetch" });
  Object.defineProperty(globalThis, "fetch", {
    value: lazyFetch,
    writable: true,
    configurable: true,
    enumerable: true,
  });
}
