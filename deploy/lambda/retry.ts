/** Waiting for AWS: what it says in between is told apart from what it says in the end, on an injected clock. */
import type { Clock } from "../clock.ts";

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

/** How long to go on, in milliseconds. */
export interface Patience {
  readonly clock: Clock;
  readonly limit?: number;
}

// The role of a fresh app takes up to half a minute to be seen, a function's update seconds; Terraform waits as long.
const defaultLimit = 120_000;
const firstPause = 250;
const longestPause = 5_000;

/** Tries until it works, until `again` says that the error is final, or until the time is up: then the last error is thrown. */
export async function retrying<T>(
  { clock, limit = defaultLimit }: Patience,
  again: (error: unknown) => boolean,
  attempt: () => Promise<T>,
): Promise<T> {
  const end = clock.now() + limit;
  for (let pause = firstPause; ; pause = Math.min(pause * 2, longestPause)) {
    try {
      return await attempt();
    } catch (error) {
      if (!again(error) || clock.now() + pause > end) throw error;
    }
    await clock.sleep(pause);
  }
}

/**
 * Reads until `isDone`; gives what it read last. `isDone` may throw for a state that never ends well. Not the SDK's waiters: those take
 * every error, even a refused permission, for "not yet". Throws Error when the time is up.
 */
export async function polling<T>(
  { clock, limit = defaultLimit }: Patience,
  what: string,
  read: () => Promise<T>,
  isDone: (value: T) => boolean,
): Promise<T> {
  const end = clock.now() + limit;
  for (let pause = firstPause; ; pause = Math.min(pause * 2, longestPause)) {
    const value = await read();
    if (isDone(value)) return value;
    if (clock.now() + pause > end) throw new Error(`${what} took longer than ${limit / 1000} s`);
    await clock.sleep(pause);
  }
}
