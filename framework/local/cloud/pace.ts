/** How fast the local cloud is: at once, so that work goes on, or as slow as AWS, so that a deployer meets what it will meet there. */

/** Milliseconds, and whether calls are counted. */
export interface Pace {
  /** Until Lambda may assume a new role. */
  readonly role: number;
  /** For which a function or version is Pending, and an update in progress. */
  readonly function: number;
  /** For which a deployment of an API is PENDING. */
  readonly deployment: number;
  /** The longest until a request node sees a moved stage or alias. */
  readonly propagation: number;
  /** Which a call takes that changes an API or an object: two at once can meet. */
  readonly write: number;
  /** Calls over the services' rates are refused. */
  readonly rates: boolean;
}

export const instantPace: Pace = { role: 0, function: 0, deployment: 0, propagation: 0, write: 0, rates: false };

/** A role takes 5-30 s (facts/aws.md section 5), the others seconds at most; none of them is documented. */
export const realisticPace: Pace = { role: 8000, function: 1500, deployment: 1000, propagation: 2000, write: 50, rates: true };
