/** A call of the Cloudflare API whose token was verified, as its operation receives it. */

/** The parts of the request that operations read. */
export interface ApiCall {
  /** Path parameters, decoded. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The request header of that (lower-case) name. */
  header(name: string): string | undefined;
  readonly body: Uint8Array;
  /** `http://127.0.0.1:PORT` of the control port, as the client named it. */
  readonly origin: string;
}
