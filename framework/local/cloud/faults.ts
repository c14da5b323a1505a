/** Injected faults: every call to an emulated API comes by here; a hook or rules say whether it is refused, cut, lost or slow. */
import type { WireResponse } from "../../model/wire.ts";
import { ConnectionDropped } from "../listen.ts";
import type { Clock } from "./clock.ts";
import { type FaultPlan, FaultRules, type RuleReport } from "./fault-rules.ts";

/** What may happen to one call. */
export type Fault =
  /** It has no effect and is answered so, in the service's own protocol. */
  | {
      readonly kind: "refuse";
      readonly status: number;
      readonly code: string;
      readonly message: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** It has no effect; the connection is reset. */
  | { readonly kind: "reset" }
  /** It takes effect; then the connection is reset, without an answer. */
  | { readonly kind: "lose" }
  /** It takes effect and is answered, that much later. */
  | { readonly kind: "delay"; readonly milliseconds: number };

/** A call to one of the emulated APIs. */
export interface ServiceCall {
  /** `lambda`, `apigateway`, `iam`, `sts`, `s3`, `ssm`, `logs`, `cloudflare`. */
  readonly service: string;
  /** The API's own name for it: `UpdateStage`. */
  readonly operation: string;
  /** True when it may change something that stays. */
  readonly write: boolean;
}

/** Decides about a call; `index` counts all calls of all services since the start, from 0. */
export type FaultHook = (call: {
  readonly service: string;
  readonly operation: string;
  readonly index: number;
}) => Fault | undefined | Promise<Fault | undefined>;

/** What a refusal says, for a protocol to write out. */
export type Refusal = Extract<Fault, { readonly kind: "refuse" }>;

/** How one call is answered: `run` makes it take effect, `refuse` writes a refusal; both give whole answers of the service's protocol. */
export interface Answering {
  run(): Promise<WireResponse>;
  refuse(refusal: Refusal): WireResponse;
}

/** Reads are what changes nothing that stays; a function that is invoked changes nothing of the cloud's. */
export function isWrite(operation: string): boolean {
  return !/^(?:Get|List|Head|Describe|Filter|Export|Invoke)/.test(operation);
}

/** Held open with the cloud: counts calls and keeps the rules that were set over the control port. */
export class Faults {
  readonly #clock: Clock;
  readonly #hook: FaultHook | undefined;
  readonly #onCall: (call: ServiceCall) => void;
  readonly #rules = new FaultRules();
  #calls = 0;

  constructor(options: {
    readonly clock: Clock;
    readonly fault?: FaultHook | undefined;
    readonly onCall?: ((call: ServiceCall) => void) | undefined;
  }) {
    this.#clock = options.clock;
    this.#hook = options.fault;
    this.#onCall = options.onCall ?? (() => undefined);
  }

  /** Answers a call, or what the hook or the first rule that applies makes of it. Rejects with ConnectionDropped to cut the connection. */
  async answer(call: Omit<ServiceCall, "write"> & { readonly write?: boolean }, { run, refuse }: Answering): Promise<WireResponse> {
    const { service, operation, write = isWrite(operation) } = call;
    const index = this.#calls;
    this.#calls += 1;
    this.#onCall({ service, operation, write });
    const fault = (await this.#hook?.({ service, operation, index })) ?? this.#rules.next(service, operation);
    const wait = this.#rules.latency + (fault?.kind === "delay" ? fault.milliseconds : 0);
    if (wait > 0) await this.#clock.sleep(wait);
    if (fault?.kind === "refuse") return withHeaders(refuse(fault), fault.headers);
    if (fault?.kind === "reset") throw new ConnectionDropped();
    const response = await run();
    if (fault?.kind !== "lose") return response;
    if (response.body instanceof ReadableStream) await response.body.cancel();
    throw new ConnectionDropped();
  }

  /** Replaces every rule and the latency, and starts their counts anew. */
  set(plan: FaultPlan): void {
    this.#rules.set(plan);
  }

  /** The rules, each with how often it was asked and applied, and how many calls there were since the start. */
  report(): { readonly calls: number; readonly latency: number; readonly grants: number; readonly rules: readonly RuleReport[] } {
    return { calls: this.#calls, latency: this.#rules.latency, grants: this.grants, rules: this.#rules.report() };
  }

  /** Milliseconds after which the fronts see a grant that is made now. */
  get grants(): number {
    return this.#rules.grants;
  }
}

/** An answer with more headers. */
export function withHeaders(response: WireResponse, headers: Readonly<Record<string, string>> = {}): WireResponse {
  return { ...response, headers: [...response.headers, ...Object.entries(headers)] };
}
