/** A refusal as Cloudflare's API gives it: code, HTTP status and message in, an error that the envelope knows how to write out. */

/** Thrown by operations. The code is what clients tell refusals apart by (Workers errors page and facts/cloudflare.md section 1.7). */
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

/** A body, a part or a member that is not as the documentation says. */
export function invalid(message: string, code = 10021): CloudflareError {
  return new CloudflareError(code, 400, message);
}

/** What Cloudflare could do and this emulation cannot, so that nobody takes silence for success. */
export function notSpoken(what: string): CloudflareError {
  return invalid(`Portico's local cloud does not speak ${what}`);
}
