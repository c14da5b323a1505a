/** The local cloud after a deploy, its functions run by AWS's own runtime client. */
import { ricClient } from "../../local/lambda/client/ric.ts";
import type { Runtime } from "../runtime.ts";
import { startLocalCloud } from "./local-cloud.ts";

/** The runtime. */
export const lambdaRic: Runtime = { name: "lambda-ric", start: (subject) => startLocalCloud(subject, ricClient) };
