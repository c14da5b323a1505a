/** An error that a handler throws on purpose: status and message in, a JSON answer out. */
/** Thrown by a handler to answer with a 4xx or 5xx whose message the client may read. */
export class HttpError extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  /**
   * @param status HTTP status, 400-599
   * @param message shown to the client
   * @param options `headers` are added to the answer; `cause` is kept for logs only
   */
  constructor(status: number, message: string, options?: { headers?: Readonly<Record<string, string>>; cause?: unknown }) {
    super(message, options);
    this.name = "HttpError";
    this.status = status;
    this.headers = options?.headers ?? {};
  }

  /** The answer; the same method as Hono's HTTPException, so either works in either place. */
  getResponse(): Response {
    return Response.json({ error: this.message }, { status: this.status, headers: this.headers });
  }
}
