/** A refusal as the emulated services give it: name, HTTP status and message in, an error that each protocol knows how to write out. */

/** Thrown by operations; the protocol (REST-JSON or Query) turns it into the answer that the SDK expects. */
export class AwsError extends Error {
  /** The service's own name: `ResourceConflictException`. */
  readonly code: string;
  readonly status: number;
  /** What else the answer says: `Reason` of a throttled Lambda call, `Condition` of an S3 write. */
  readonly details: Readonly<Record<string, string>>;
  /** Of the answer, besides the protocol's own. */
  readonly headers: Readonly<Record<string, string>> = {};

  constructor(code: string, status: number, message: string, details: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = "AwsError";
    this.code = code;
    this.status = status;
    this.details = details;
  }

  /** The same with response headers. */
  with(headers: Readonly<Record<string, string>>): AwsError {
    return Object.assign(new AwsError(this.code, this.status, this.message, this.details), { headers });
  }
}
