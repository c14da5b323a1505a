/** An error of an AWS service: code, HTTP status and message, for the service's protocol to write. */

/** Operations throw it; the protocol of the service turns it into the response that the SDK expects. */
export class AwsError extends Error {
  /** The service's own code: `ResourceConflictException`. */
  readonly code: string;
  readonly status: number;
  /** More fields of the response: `Reason` of a throttled Lambda call, `Item` of a failed condition. */
  readonly details: Readonly<Record<string, unknown>>;
  /** Response headers besides the protocol's own. */
  readonly headers: Readonly<Record<string, string>> = {};

  constructor(code: string, status: number, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = "AwsError";
    this.code = code;
    this.status = status;
    this.details = details;
  }

  /** The same error with response headers. */
  with(headers: Readonly<Record<string, string>>): AwsError {
    return Object.assign(new AwsError(this.code, this.status, this.message, this.details), { headers });
  }
}
