/** The fault rules that a client has set over HTTP, and the choice of the fault for each call. */
import type { Fault } from "./fault.ts";
import { seededRandom } from "./seeded-random.ts";

/** The calls that a rule matches, how often it applies, and the fault that it injects. */
export interface FaultRule {
  /** Default every service. */
  readonly service?: string;
  /** Default every operation. */
  readonly operation?: string;
  /** From 0 to 1; default 1. */
  readonly probability?: number;
  /** Number of matching calls that pass before it applies; default 0. */
  readonly after?: number;
  /** Number of times that it applies at most; default without a limit. */
  readonly times?: number;
  /** Seed of the rule's own random numbers, so that a run can be repeated; default 0. */
  readonly seed?: number;
  readonly fault: Fault;
}

/** The complete setting: a new plan replaces the old one. */
export interface FaultPlan {
  /** Milliseconds that every call takes longer. */
  readonly latency: number;
  /** Milliseconds until requests to deployed apps see a permission that AddPermission adds. */
  readonly grants: number;
  /** The first rule that applies decides. */
  readonly rules: readonly FaultRule[];
}

/** A rule with its counts. */
export interface RuleReport extends FaultRule {
  /** Calls that the rule matches. */
  readonly seen: number;
  /** Calls that it gave its fault to. */
  readonly applied: number;
}

/** A rule in force, with its random numbers and its counts. */
interface ActiveRule {
  readonly rule: FaultRule;
  readonly random: () => number;
  seen: number;
  applied: number;
}

/** The rules in force. A class, since it counts. */
export class FaultRules {
  latency = 0;
  grants = 0;
  #active: readonly ActiveRule[] = [];

  set({ latency, grants, rules }: FaultPlan): void {
    this.latency = latency;
    this.grants = grants;
    this.#active = rules.map((rule) => ({ rule, random: seededRandom(rule.seed ?? 0), seen: 0, applied: 0 }));
  }

  /** The fault of the next call. Only rules that match the call count it. */
  next(service: string, operation: string): Fault | undefined {
    let fault: Fault | undefined;
    for (const active of this.#active) {
      const { rule } = active;
      if ((rule.service ?? service) !== service || (rule.operation ?? operation) !== operation) continue;
      active.seen += 1;
      const hits = active.random() < (rule.probability ?? 1);
      if (fault || !hits || active.seen <= (rule.after ?? 0) || active.applied >= (rule.times ?? Infinity)) continue;
      active.applied += 1;
      fault = rule.fault;
    }
    return fault;
  }

  report(): readonly RuleReport[] {
    return this.#active.map(({ rule, seen, applied }) => ({ ...rule, seen, applied }));
  }
}
