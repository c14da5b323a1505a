/**
 * The gate that every call to an emulated API passes: it counts the call and injects the fault that a test's hook or a
 * fault rule chooses.
 */
import type { HttpResponse } from "../model/http-message.ts";
import { ConnectionDropped } from "../http/loopback-server.ts";
import type { Clock } from "./clock.ts";
import type { Fault, FaultRefusal } from "./fault.ts";
import { type FaultPlan, FaultRules, type RuleReport } from "./fault-rules.ts";

/** A call to one of the emulated APIs. */
export interface ServiceCall {
  /** `lambda`, `apigateway`, `iam`, `sts`, `s3`, `ssm`, `logs`, `dynamodb`, `sqs`, `scheduler`, `cloudflare`. */
  readonly service: string;
  /** The API's own name of the operation: `UpdateStage`. */
  readonly operation: string;
  /** True when the call may change something that stays. */
  readonly write: boolean;
}

/** Chooses the fault of a call; `index` counts the calls of all services since the start, from 0. */
export type FaultHook = (call: {
  readonly service: string;
  readonly operation: string;
  readonly index: number;
}) => Fault | undefined | Promise<Fault | undefined>;

/** The two ways to answer one call, both in the service's own protocol. */
export interface CallResponses {
  /** Makes the call take effect. */
  run(): Promise<HttpResponse>;
  /** Writes the error that a fault asks for. */
  refuse(refusal: FaultRefusal): HttpResponse;
}

/** False for an operation that only reads, and for Invoke, which changes nothing of the cloud's own state. */
export function isWrite(operation: string): boolean {
  return !/^(?:Get|List|Head|Describe|Filter|Export|Invoke|Query|Scan)/.test(operation);
}

/** A class, since it counts calls and holds the rules in force. */
export class FaultInjector {
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

  /**
   * Answers a call normally, or with the fault of the hook or of the first rule that applies. Rejects with
   * ConnectionDropped to cut the connection.
   */
  async answer(
    call: Omit<ServiceCall, "write"> & { readonly write?: boolean },
    { run, refuse }: CallResponses,
  ): Promise<HttpResponse> {
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

  /** Replaces the rules and the latency; the counts of the rules start again at 0. */
  set(plan: FaultPlan): void {
    this.#rules.set(plan);
  }

  /** The settings, each rule's counts, and the number of calls since the start. */
  report(): {
    readonly calls: number;
    readonly latency: number;
    readonly grants: number;
    readonly rules: readonly RuleReport[];
  } {
    return { calls: this.#calls, latency: this.#rules.latency, grants: this.grants, rules: this.#rules.report() };
  }

  /** Milliseconds until requests to deployed apps see a permission that is added now. */
  get grants(): number {
    return this.#rules.grants;
  }
}

/** The response with additional headers. */
export function withHeaders(response: HttpResponse, headers: Readonly<Record<string, string>> = {}): HttpResponse {
  return { ...response, headers: [...response.headers, ...Object.entries(headers)] };
}
