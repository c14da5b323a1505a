/** Waiting for AWS: what it says in between is told apart from what it says in the end, on an injected clock. */
import type { Clock } from "../clock.ts";
import { retrying } from "../retrying.ts";

export { polling, retrying } from "../retrying.ts";

/** A refusal by an AWS service. */
interface ServiceError extends Error {
  readonly $metadata: { readonly httpStatusCode?: number };
}

/** True for what a service answered; false for broken connections and our own bugs. */
export function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "$metadata" in error && "$fault" in error;
}

/** True for a service's refusal of one of these names. */
export const named = (error: unknown, ...names: readonly string[]): boolean => isServiceError(error) && names.includes(error.name);

/** Every service has its own name for it. */
export const isMissing = (error: unknown): boolean =>
  named(
    error,
    ...["ResourceNotFoundException", "NotFoundException", "NoSuchEntityException", "NoSuchEntity", "NoSuchKey", "NoSuchBucket", "NotFound"],
    ...["ParameterNotFound"],
  );

/** Something has that name already, or is just being changed: the two look alike (facts/aws.md section 1.3). */
export const isConflict = (error: unknown): boolean =>
  named(
    error,
    ...["ResourceConflictException", "ConflictException", "ConcurrentModificationException", "ConditionalRequestConflict"],
    ...["EntityAlreadyExistsException", "EntityAlreadyExists", "OperationAbortedException", "ResourceAlreadyExistsException"],
  );

/** The object, or its state, is another than the one that was named (RFC 9110 section 13.1). */
export const isOutdated = (error: unknown): boolean => named(error, "PreconditionFailed", "PreconditionFailedException");

/** What Lambda says of a role that IAM does not yet show it; and, alas, of every other wrong parameter. */
export const isInvalidParameter = (error: unknown): boolean => named(error, "InvalidParameterValueException");

/** Too many calls, or a failure of the service's own. */
export const isPassing = (error: unknown): boolean =>
  isServiceError(error) && (error.$metadata.httpStatusCode === 429 || (error.$metadata.httpStatusCode ?? 0) >= 500);

/** The connection did not come about or broke: whether the call took effect is not known. */
export const isBroken = (error: unknown): boolean =>
  error instanceof Error &&
  !isServiceError(error) &&
  (error.name === "TimeoutError" || /^E[A-Z]+$/.test((error as NodeJS.ErrnoException).code ?? ""));

/** How often a call is sent again whose connection broke; who refuses connections for good should be told of soon. */
const connections = 5;

/** Sends again what was refused for now, for two minutes, and a few times what got no answer: only for calls that may be repeated. */
export function insisting<T>(clock: Clock, attempt: () => Promise<T>): Promise<T> {
  let broken = 0;
  return retrying({ clock }, (error) => isPassing(error) || (isBroken(error) && ++broken < connections), attempt);
}
