/** An error that the Cloudflare API answers with its own code, HTTP status and message. */

/** Thrown by operations. Clients tell errors apart by the code (docs: Workers, errors and exceptions). */
export class CloudflareError extends Error {
  readonly code: number;
  readonly status: number;

  constructor(code: number, status: number, message: string) {
    super(message);
    this.name = "CloudflareError";
    this.code = code;
    this.status = status;
  }
}

/** For a body, a part or a member that is not as the documentation says. */
export function invalid(message: string, code = 10021): CloudflareError {
  return new CloudflareError(code, 400, message);
}

/** For a feature that Cloudflare has and this emulation lacks: an error, so that no client takes it for done. */
export function unsupported(feature: string): CloudflareError {
  return invalid(`Portico's local cloud does not support ${feature}`);
}
