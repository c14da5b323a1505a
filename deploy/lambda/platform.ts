/** Creates the platform of an app's stage on AWS, behind an HTTP API or a function URL. */
import type { LambdaFront } from "../../framework/model/app.ts";
import type { Platform } from "../platform.ts";
import type { LambdaFunction } from "./lambda-function.ts";
import { createFunctionUrlPlatform } from "./function-url/platform.ts";
import { createHttpApiPlatform } from "./http-api/platform.ts";
import type { LambdaTarget } from "./target.ts";

/** Make one for each run. @param front an HTTP API when absent */
export const createLambdaPlatform = (front: LambdaFront | undefined, target: LambdaTarget): Platform<LambdaFunction> =>
  front === "function-url" ? createFunctionUrlPlatform(target) : createHttpApiPlatform(target);
