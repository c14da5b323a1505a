/** The types of an API operation, which names the state and the services that it uses, and of a table of them. */
import type { ApiCall } from "./api-call.ts";
import type { ApiResult } from "./response-envelope.ts";
import type { CloudflareServices } from "./services.ts";
import type { CloudflareState } from "./state.ts";

/** Uses the collections `S` and the services `V`, and no others. Throws CloudflareError to refuse the call. */
export type Operation<S extends keyof CloudflareState = never, V extends keyof CloudflareServices = never> = (
  call: ApiCall,
  state: Pick<CloudflareState, S>,
  services: Pick<CloudflareServices, V>,
) => ApiResult | Promise<ApiResult>;

/** An operation that may use everything. Each one that uses less is one of these too. */
export type AnyOperation = Operation<keyof CloudflareState, keyof CloudflareServices>;

/** An operation with its method and path. */
export interface OperationRow {
  /** `PUT /accounts/{account}/workers/scripts/{script}`. */
  readonly endpoint: string;
  /** True when it may change something that stays. */
  readonly write: boolean;
  readonly run: AnyOperation;
  /** True when the call carries a token of its own in place of the account's API token. */
  readonly ownToken?: boolean;
}

/** Operations by name. */
export type OperationTable = Readonly<Record<string, OperationRow>>;

export const reads = (endpoint: string, run: AnyOperation): OperationRow => ({ endpoint, write: false, run });
export const writes = (endpoint: string, run: AnyOperation): OperationRow => ({ endpoint, write: true, run });
