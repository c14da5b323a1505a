/** An injected fault: what may happen to one call of an emulated API instead of its normal response. */

export type Fault =
  | FaultRefusal
  /** The call has no effect; the connection is reset. */
  | { readonly kind: "reset" }
  /** The call takes effect; then the connection is reset without a response. */
  | { readonly kind: "lose" }
  /** The call takes effect and is answered that many milliseconds later. */
  | { readonly kind: "delay"; readonly milliseconds: number };

/** The call has no effect; its response is this error, written in the service's own protocol. */
export interface FaultRefusal {
  readonly kind: "refuse";
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}
