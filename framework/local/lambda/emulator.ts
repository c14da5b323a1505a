/** The emulation of target lambda: a request in, through a front's event and the Lambda runtime, its answer out. */
import type { LambdaFront } from "../../model/app.ts";
import type { Emulator } from "../emulator.ts";
import { invokeThroughUrl, type UrlOptions } from "../function-url/invoke.ts";
import { invokeThroughApi } from "../http-api/invoke.ts";
import { createLambdaRuntime, type LambdaRuntimeOptions } from "./runtime.ts";

/** How to run functions, and where they seem to be. */
export interface LambdaEmulatorOptions extends LambdaRuntimeOptions {
  /** What takes requests. Default an HTTP API. */
  readonly front?: LambdaFront;
  /** Of what a function URL streams. Default Lambda's own. */
  readonly pace?: UrlOptions["pace"];
  /** Default us-east-1. */
  readonly region?: string;
  /** Default 000000000000. */
  readonly account?: string;
}

/** Starts nothing until the first request. The function's request id is the gateway's, so that one id finds both in the logs. */
export function createLambdaEmulator(options: LambdaEmulatorOptions): Emulator {
  const { front, pace, region = "us-east-1", account = "000000000000", ...rest } = options;
  const runtime = createLambdaRuntime(rest);
  const api = { apiId: "local", accountId: account };
  const url = { urlId: "local", region };
  return {
    invoke: (fn, request, to) => {
      const call = { requestId: to.requestId, arn: `arn:aws:lambda:${region}:${account}:function:${fn.id}:$LATEST` };
      if (front !== "function-url") return invokeThroughApi(runtime, fn, request, to, api, call);
      return invokeThroughUrl(runtime, fn, request, url, call, { mode: "RESPONSE_STREAM", ...(pace && { pace }) });
    },
    retire: (id) => runtime.retire(id),
    close: () => runtime.close(),
  };
}
