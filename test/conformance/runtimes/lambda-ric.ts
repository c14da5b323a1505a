/** The runtime `lambda-ric`: the app, deployed to the local cloud, with functions run by AWS's own runtime client. */
import { ricClient } from "../../emulation/lambda/client/ric.ts";
import type { Runtime } from "../runtime.ts";
import { startLocalCloud } from "./local-cloud.ts";

/** The runtime. */
export const lambdaRic: Runtime = {
  name: "lambda-ric",
  start: (subject) => startLocalCloud(subject, ricClient),
};
