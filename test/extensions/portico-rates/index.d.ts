/** An extension with settings, a secret and middleware that sets a variable. */
import type { MiddlewareHandler } from "hono";

/** In hosting.json, by settings.schema.json. */
export interface RatesSettings {
  readonly currency: "eur" | "krw" | "usd";
  readonly decimals?: number;
  readonly label?: string;
  readonly hosts?: readonly { readonly url: string }[];
}

/** `context.var.rates`. */
export interface Rates {
  readonly currency: string;
  readonly label: string;
  format(amount: number): string;
  readonly authorization: string;
}

export declare const rates: (settings?: RatesSettings) => MiddlewareHandler<{ Variables: { readonly rates: Rates } }>;
