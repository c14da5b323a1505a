/** Whose a deployed thing is. */

/** App and stage: a release belongs to exactly one pair. */
export interface Owner {
  readonly app: string;
  readonly stage: string;
}
