/** What Cloudflare's API refuses, and what kept a call from being answered: errors told apart by code, never by text. */
import { UserError } from "../../framework/model/user-error.ts";
import { fixFor } from "./fixes.ts";

/** A refusal: the envelope's first error (facts: API v4, "errors[0].code is the stable discriminator"). */
export class CloudflareError extends Error {
  override readonly name = "CloudflareError";
  readonly status: number;
  /** 0 where the answer was no envelope. */
  readonly code: number;
  /** Seconds that the answer asks to wait. */
  readonly retryAfter: number | undefined;

  constructor(status: number, code: number, message: string, retryAfter?: number) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

/** True for a refusal with one of these codes. */
export const hasCode = (error: unknown, ...codes: readonly number[]): boolean =>
  error instanceof CloudflareError && codes.includes(error.code);

/** The Worker, or what is asked of it, is not there (10007, 10090 of the older API). */
export const isMissing = (error: unknown): boolean => hasCode(error, 10007, 10090);

/** Two calls for one script at the same moment: this one had no effect. */
export const isConflict = (error: unknown): boolean => error instanceof CloudflareError && error.status === 409 && error.code === 10035;

/** Too many calls: this one had no effect. */
export const isTooMany = (error: unknown): boolean => error instanceof CloudflareError && error.status === 429;

/** A failure of Cloudflare's own, such as 10002 and 10013: it may have had its effect all the same. */
export const isPassing = (error: unknown): boolean => error instanceof CloudflareError && (error.status >= 500 || error.status === 408);

/** The connection did not come about or broke: whether the call took effect is not known. */
export function isBroken(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof CloudflareError || error instanceof UserError) return false;
  return error.name === "TimeoutError" || brokenCode(error) !== undefined;
}

/** Of Node's system errors those of a network; a file that is missing has a code of the same form. */
const network =
  /^(?:ECONN(?:RESET|REFUSED|ABORTED)|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOST(?:UNREACH|DOWN)|ENET(?:UNREACH|DOWN|RESET)|UND_ERR_[A-Z_]+)$/;

/** `fetch` hides the code of a broken connection in the cause. */
function brokenCode(error: unknown): string | undefined {
  const { code, cause } = (error ?? {}) as { readonly code?: unknown; readonly cause?: unknown };
  if (typeof code === "string" && network.test(code)) return code;
  return cause === undefined ? undefined : brokenCode(cause);
}

/** A refusal, or a cloud that does not answer, as the user's error; anything else is given back as it is. */
export function toUserError(error: unknown, where: string): unknown {
  if (error instanceof CloudflareError) {
    return new UserError(
      "CLOUD_REFUSED",
      `${where} refused: ${error.message} [${error.code || `status ${error.status}`}]`,
      fixFor(error.code),
      {
        cause: error,
      },
    );
  }
  if (!isBroken(error)) return error;
  return new UserError(
    "CLOUD_UNREACHABLE",
    `${where} does not answer (${brokenCode(error) ?? "timeout"})`,
    "see that it can be reached (the local cloud: portico cloud) and run the command again, it goes on from there",
    { cause: error },
  );
}
