/** The emulation of target lambda: a request becomes an event, the Lambda runtime runs it, its result a response. */
import type { LambdaFront } from "../../model/app.ts";
import type { Emulator } from "../emulator.ts";
import { invokeThroughUrl, type UrlOptions } from "../function-url/invocation.ts";
import { invokeThroughApi } from "../http-api/integration.ts";
import type { LoadedFunction } from "../../model/invocation.ts";
import type { InvocationResult } from "./invocation.ts";
import { createLambdaRuntime, type LambdaRuntimeOptions } from "./runtime.ts";

/** How functions run, and the account and Region that they see. */
export interface LambdaEmulatorOptions extends LambdaRuntimeOptions {
  /** The service in front of the functions. Default an HTTP API. */
  readonly front?: LambdaFront;
  /** Limits what a function URL streams. Default Lambda's own limit. */
  readonly bandwidthLimit?: UrlOptions["bandwidthLimit"];
  /** Default us-east-1. */
  readonly region?: string;
  /** Default 000000000000. */
  readonly account?: string;
}

/** The emulation, which takes events besides requests. */
export interface LambdaEmulator extends Emulator {
  /** Invokes a function with an event of another service. */
  invokeEvent(fn: LoadedFunction, event: object, requestId: string): Promise<InvocationResult>;
}

/**
 * Starts no environment before the first request. The function's request id is the gateway's, so that one id finds both
 * in the logs.
 */
export function createLambdaEmulator(options: LambdaEmulatorOptions): LambdaEmulator {
  const { front, bandwidthLimit, region = "us-east-1", account = "000000000000", ...rest } = options;
  const runtime = createLambdaRuntime(rest);
  const api = { apiId: "local", accountId: account };
  const url = { urlId: "local", region };
  const callOf = (fn: LoadedFunction, requestId: string) => ({
    requestId,
    arn: `arn:aws:lambda:${region}:${account}:function:${fn.id}:$LATEST`,
  });
  return {
    invokeEvent: (fn, event, requestId) =>
      runtime.invoke(fn, Buffer.from(JSON.stringify(event)), callOf(fn, requestId)),
    invoke: (fn, request, to) => {
      const call = callOf(fn, to.requestId);
      if (front !== "function-url") return invokeThroughApi(runtime, fn, request, to, api, call);
      const urlOptions = { mode: "RESPONSE_STREAM", ...(bandwidthLimit && { bandwidthLimit }) } as const;
      return invokeThroughUrl(runtime, fn, request, url, call, urlOptions);
    },
    retire: (id) => runtime.retire(id),
    close: () => runtime.close(),
  };
}
