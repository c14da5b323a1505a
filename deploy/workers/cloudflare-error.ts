/** Errors of Cloudflare's API, classified by their codes, with a fix for each as a user error. */
import { networkCode, toUnreachableError } from "../network-error.ts";
import { UserError } from "../../framework/model/user-error.ts";

/** A refusal: the envelope's first error (API docs: the code is stable, the message is not). */
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

/** The Worker or the requested part of it does not exist (10007; 10090 in the older API). */
export const isMissing = (error: unknown): boolean => hasCode(error, 10007, 10090);

/** Two calls for one script at the same moment: this one had no effect. */
export const isConflict = (error: unknown): boolean =>
  error instanceof CloudflareError && error.status === 409 && error.code === 10035;

/** Too many calls: this one had no effect. */
export const isRateLimited = (error: unknown): boolean => error instanceof CloudflareError && error.status === 429;

/** A failure of Cloudflare's own, such as 10002 and 10013: it may have had its effect all the same. */
export const isTransient = (error: unknown): boolean =>
  error instanceof CloudflareError && (error.status >= 500 || error.status === 408);

/** The connection did not come about or broke: whether the call took effect is not known. */
export const isConnectionError = (error: unknown): boolean =>
  !(error instanceof CloudflareError) && networkCode(error) !== undefined;

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
  return toUnreachableError(error, where) ?? error;
}

const defaultFix =
  "Correct the cause and run the command again; it continues where it stopped. The live release is unchanged " +
  "unless the lines above report a switch.";

const fixes: Readonly<Record<number, string>> = {
  10000:
    "Set CLOUDFLARE_API_TOKEN to a token of that account with the permission Workers Scripts: Edit (for domains " +
    "also Zone: Workers Routes: Edit, for portico/store also D1: Edit, for portico/files also Workers R2 Storage: " +
    "Edit, for jobs also Queues: Edit, for databases also Hyperdrive: Edit).",
  9109: "Set CLOUDFLARE_API_TOKEN to a token of that account with the permission Workers Scripts: Edit.",
  10021:
    "Correct the code or setting that the message names. Run portico dev --target workers to see errors of the " +
    "code: code that runs while modules load has one second, and cannot fetch or wait.",
  10027: "Import less: portico routes lists the bytes of each route, and a Worker may have 64 MB.",
  10034: "Confirm the e-mail address of the Cloudflare account first.",
  10037:
    "Remove a stage that is no longer needed with portico remove --stage NAME, or choose another plan: the " +
    "account has as many Workers as its plan allows.",
  10041: 'Create the KV namespace first, or correct its id under "workers": { "bindings" } in hosting.json.',
  10042: "Enable R2 in Cloudflare's dashboard once: a function imports portico/files.",
  10063: "Open Workers & Pages in Cloudflare's dashboard once: that registers the account's workers.dev subdomain.",
  10085: 'Create the R2 bucket first, or correct its name under "workers": { "bindings" } in hosting.json.',
  10304:
    "Put some static files into an R2 bucket, or choose another plan: Cloudflare takes 20,000 files with the Free " +
    "plan and 100,000 with the paid one, of 25 MiB each, files of earlier releases included.",
  10142: "Remove the bindings of other Workers to this one first.",
  10143: 'Deploy that Worker first, or correct its name under "workers": { "bindings" } in hosting.json.',
  10145: "Deploy that Worker first: it has no version that takes traffic.",
  7406:
    "Remove a stage that is no longer needed with portico remove --stage NAME, or choose another plan: the account " +
    "has as many D1 databases as its plan allows, 10 on the Free one. Nothing was changed.",
  10020: 'Remove that route from the Worker that has it, or correct "routes" under "workers" in hosting.json.',
  11000: 'Create the queue first, or correct its name under "workers": { "bindings" } in hosting.json.',
  100328: "Remove the limit of CPU time, or choose the paid plan.",
};

/** The fix for an error code, or a general one. */
export const fixFor = (code: number): string => fixes[code] ?? defaultFix;
