/** HttpError, which a handler throws to answer with an error status and a message for the client. */

/** Thrown by a handler to answer with a 4xx or 5xx whose message the client may read. */
export class HttpError extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  /**
   * @param status HTTP status, 400-599
   * @param message shown to the client
   * @param options `headers` are added to the response; `cause` is kept for logs only
   */
  constructor(
    status: number,
    message: string,
    options?: { headers?: Readonly<Record<string, string>>; cause?: unknown },
  ) {
    super(message, options);
    this.name = "HttpError";
    this.status = status;
    this.headers = options?.headers ?? {};
  }

  /** The response; Hono's HTTPException has the same method, so that each can replace the other. */
  getResponse(): Response {
    return Response.json({ error: this.message }, { status: this.status, headers: this.headers });
  }
}
