/** The emulation of target lambda: a request in, through an HTTP API's event and the Lambda runtime, its answer out. */
import type { Emulator } from "../emulator.ts";
import { invokeThroughApi } from "../http-api/invoke.ts";
import { createLambdaRuntime, type LambdaRuntimeOptions } from "./runtime.ts";

/** How to run functions, and where they seem to be. */
export interface LambdaEmulatorOptions extends LambdaRuntimeOptions {
  /** Default us-east-1. */
  readonly region?: string;
  /** Default 000000000000. */
  readonly account?: string;
}

/** Starts nothing until the first request. The function's request id is the gateway's, so that one id finds both in the logs. */
export function createLambdaEmulator({ region = "us-east-1", account = "000000000000", ...options }: LambdaEmulatorOptions): Emulator {
  const runtime = createLambdaRuntime(options);
  const api = { apiId: "local", accountId: account };
  return {
    invoke: (fn, request, to) => {
      const arn = `arn:aws:lambda:${region}:${account}:function:${fn.id}:$LATEST`;
      return invokeThroughApi(runtime, fn, request, to, api, { requestId: to.requestId, arn });
    },
    retire: (id) => runtime.retire(id),
    close: () => runtime.close(),
  };
}
