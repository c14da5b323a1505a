/**
 * Classifies errors of the AWS SDK: missing, in conflict, transient, connection; and turns the rest into user errors.
 */
import type { Clock } from "../clock.ts";
import { UserError } from "../../framework/model/user-error.ts";
import { networkCode, toUnreachableError } from "../network-error.ts";
import { retry } from "../retry.ts";

/** A refusal by an AWS service. */
interface ServiceError extends Error {
  readonly $metadata: { readonly httpStatusCode?: number };
}

/** True for a refusal by a service; false for broken connections and our own bugs. */
export function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "$metadata" in error && "$fault" in error;
}

/** True for a service's refusal of one of these names. */
export const hasName = (error: unknown, ...names: readonly string[]): boolean =>
  isServiceError(error) && names.includes(error.name);

/** Every service has its own name for it. */
export const isMissing = (error: unknown): boolean =>
  hasName(
    error,
    "ResourceNotFoundException",
    "NotFoundException",
    "NoSuchEntityException",
    "NoSuchEntity",
    "NoSuchKey",
    "NoSuchBucket",
    "NotFound",
    "ParameterNotFound",
    "TableNotFoundException",
    "QueueDoesNotExist",
  );

/** For `catch`: undefined for something that is not there; every other error is thrown on. */
export function undefinedIfMissing(error: unknown): undefined {
  if (isMissing(error)) return undefined;
  throw error;
}

/** The name exists already, or its owner is just being changed: AWS has one error for both. */
export const isConflict = (error: unknown): boolean =>
  hasName(
    error,
    "ResourceConflictException",
    "ConflictException",
    "ConcurrentModificationException",
    "ConditionalRequestConflict",
    "EntityAlreadyExistsException",
    "EntityAlreadyExists",
    "OperationAbortedException",
    "ResourceAlreadyExistsException",
  );

/** The object, or its state, is another than the one that was named (RFC 9110 section 13.1). */
export const isPreconditionFailed = (error: unknown): boolean =>
  hasName(error, "PreconditionFailed", "PreconditionFailedException");

/** Lambda's error for a role that is not visible yet, and for every other invalid parameter. */
export const isInvalidParameter = (error: unknown): boolean => hasName(error, "InvalidParameterValueException");

/** Too many calls, or a failure of the service's own. */
export const isTransient = (error: unknown): boolean =>
  isServiceError(error) &&
  (error.name === "ThrottlingException" ||
    // SQS's name of it.
    error.name === "RequestThrottled" ||
    error.$metadata.httpStatusCode === 429 ||
    (error.$metadata.httpStatusCode ?? 0) >= 500);

/** The connection did not come about or broke: whether the call took effect is not known. */
export const isConnectionError = (error: unknown): boolean =>
  !isServiceError(error) && networkCode(error) !== undefined;

/** Attempts after broken connections: few, so that an endpoint that is down is reported soon. */
const connections = 5;

/**
 * Retries a call: for two minutes after temporary refusals, and a few times after lost answers. Only for calls that may
 * be repeated.
 */
export function retryTransient<T>(clock: Clock, attempt: () => Promise<T>): Promise<T> {
  let broken = 0;
  return retry(
    { clock },
    (error) => isTransient(error) || (isConnectionError(error) && ++broken < connections),
    attempt,
  );
}

/** A service's refusal, or a cloud that does not answer, as the user's error; anything else is given back as it is. */
export function toUserError(error: unknown, where: string): unknown {
  if (isServiceError(error)) {
    return new UserError(
      "CLOUD_REFUSED",
      `${where} refused: ${error.name}: ${error.message}`,
      "Correct the cause and run the command again; it continues where it stopped. The live release is unchanged " +
        "unless the lines above report a switch.",
      { cause: error },
    );
  }
  return toUnreachableError(error, where) ?? error;
}
