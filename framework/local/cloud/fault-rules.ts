/** Fault rules as they are set over HTTP: a checked plan in, the fault for each call that a rule applies to out. */
import type { Fault } from "./faults.ts";

/** Which calls, how often, and what then. */
export interface FaultRule {
  /** Default every service. */
  readonly service?: string;
  /** Default every operation. */
  readonly operation?: string;
  /** From 0 to 1; default 1. */
  readonly probability?: number;
  /** How many such calls pass before it applies; default 0. */
  readonly after?: number;
  /** How often it applies at most; default always. */
  readonly times?: number;
  /** Of the rule's own random numbers, so that a run can be repeated; default 0. */
  readonly seed?: number;
  readonly fault: Fault;
}

/** All that is set at once. */
export interface FaultPlan {
  /** Milliseconds that every call takes longer. */
  readonly latency: number;
  /** Milliseconds after which a front sees a grant that AddPermission makes. */
  readonly grants: number;
  /** The first that applies is used. */
  readonly rules: readonly FaultRule[];
}

/** A rule and what became of it. */
export interface RuleReport extends FaultRule {
  /** Calls that it is about, and those of them that it made fail. */
  readonly seen: number;
  readonly applied: number;
}

/** A rule at work. */
interface Active {
  readonly rule: FaultRule;
  readonly random: () => number;
  seen: number;
  applied: number;
}

/** The rules in force. */
export class FaultRules {
  latency = 0;
  grants = 0;
  #active: readonly Active[] = [];

  set({ latency, grants, rules }: FaultPlan): void {
    this.latency = latency;
    this.grants = grants;
    this.#active = rules.map((rule) => ({ rule, random: randomOf(rule.seed ?? 0), seen: 0, applied: 0 }));
  }

  /** The fault of the next call; rules that it is not about do not count it. */
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

/** mulberry32: numbers from 0 to 1 that only depend on the seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
