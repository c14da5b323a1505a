/** `portico/store` on Lambda: one DynamoDB table per app and stage, which a release makes and names. */
import { createSignedCall, type SignedCall } from "../aws/signed-call.ts";
import { createDynamoEngine, missingTable } from "./dynamodb.ts";
import type { OpenEngine } from "./engine.ts";
import { createIdempotent } from "./idempotent.ts";
import { createRateLimit } from "./rate-limit.ts";
import { createStore } from "./store.ts";

export type { Entry, Lifetime, ListedEntry, ListOptions, Store, StoreContext } from "./store.ts";
export type { Idempotent, IdempotentOptions } from "./idempotent.ts";
export type { RateLimit, RateLimitOptions } from "./rate-limit.ts";
export { StoreError, type StoreErrorCode } from "./store-error.ts";

let call: SignedCall | undefined;

const openEngine: OpenEngine = (_, namespace) => {
  const { PORTICO_STORE: table, AWS_REGION: region, AWS_ENDPOINT_URL_DYNAMODB: url } = process.env;
  if (!table) throw missingTable();
  call ??= createSignedCall({
    name: "dynamodb",
    target: "DynamoDB_20120810",
    endpoint: new URL(url ?? `https://dynamodb.${region}.amazonaws.com/`),
  });
  return createDynamoEngine(call, table, namespace);
};

/** Opens a namespace of the app's store. @param context the handler's */
export const store = /* @__PURE__ */ createStore(openEngine);

/** Refuses requests beyond a limit with 429, as middleware or in a handler. */
export const rateLimit = /* @__PURE__ */ createRateLimit(openEngine);

/** Runs requests with the same Idempotency-Key once, as middleware or around a handler. */
export const idempotent = /* @__PURE__ */ createIdempotent(openEngine);
