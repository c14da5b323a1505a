/** An app's stage on AWS as a Platform: which front it is behind in, the verbs of a release for that front out. */
import type { LambdaFront } from "../../framework/model/app.ts";
import type { Platform } from "../platform.ts";
import type { LambdaFunction } from "./draft.ts";
import { createUrlPlatform } from "./function-url/platform.ts";
import { createLambdaPlatform } from "./platform.ts";
import type { LambdaTarget } from "./target.ts";

/** Make one for each run. @param front an HTTP API when absent */
export const createAwsPlatform = (front: LambdaFront | undefined, target: LambdaTarget): Platform<LambdaFunction> =>
  front === "function-url" ? createUrlPlatform(target) : createLambdaPlatform(target);
