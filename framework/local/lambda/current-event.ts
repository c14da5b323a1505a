/** The event that an environment works on, and how far it has come. */
import type { Ending } from "./ending.ts";
import type { EventLog } from "./environment-log.ts";
import type { Said } from "./event-pipe.ts";
import type { LambdaCall, LambdaOutcome } from "./outcome.ts";

/** From its delivery to its answer. */
export interface CurrentEvent {
  readonly event: Uint8Array;
  readonly call: LambdaCall;
  readonly cold: boolean;
  readonly answer: (outcome: LambdaOutcome) => void;
  readonly log: EventLog;
  /** performance.now() of its delivery, or of the second init. */
  started: number;
  posted?: {
    readonly ending: Ending;
    readonly at: number;
    /** Undefined where a line out of band says that the event is over. */
    readonly said?: Said;
  };
  /** Answered, but the client has not asked for the next event. */
  settled: boolean;
}
