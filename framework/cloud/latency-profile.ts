/** The delays of the local cloud: none, so that development is fast, or as long as AWS's, to test a deployment tool. */

/** Delays in milliseconds, and whether calls are throttled. */
export interface LatencyProfile {
  /** Until Lambda may assume a new role. */
  readonly role: number;
  /** Until a new function or version is Active, and until an update is complete. */
  readonly function: number;
  /** Until a table of DynamoDB is created, updated or deleted. */
  readonly table: number;
  /** Until a new queue of SQS can be used. */
  readonly queue: number;
  /** Until an event source mapping is created, changed or deleted. */
  readonly mapping: number;
  /** Until a schedule group is deleted. */
  readonly scheduleGroup: number;
  /** Until a new deployment of an API is DEPLOYED. */
  readonly deployment: number;
  /** The longest time until a request node sees a moved stage or alias. */
  readonly propagation: number;
  /** Duration of a call that changes an API or an object, so that two calls can overlap. */
  readonly write: number;
  /** Calls above the services' rate limits are refused. */
  readonly throttling: boolean;
}

export const instantProfile: LatencyProfile = {
  role: 0,
  function: 0,
  table: 0,
  queue: 0,
  mapping: 0,
  scheduleGroup: 0,
  deployment: 0,
  propagation: 0,
  write: 0,
  throttling: false,
};

/** As people report them: AWS documents none of these. */
export const realisticProfile: LatencyProfile = {
  role: 8000,
  function: 1500,
  table: 5000,
  queue: 1000,
  mapping: 10_000,
  scheduleGroup: 5000,
  deployment: 1000,
  propagation: 2000,
  write: 50,
  throttling: true,
};
