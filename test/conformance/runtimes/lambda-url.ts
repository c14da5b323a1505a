/**
 * The runtime `lambda-url`: `portico dev` for Lambda behind a function URL, with one streaming function for the app.
 */
import type { App } from "../../../framework/model/app.ts";
import type { Runtime } from "../runtime.ts";
import { startDev } from "./dev.ts";
import { withServices } from "./lambda.ts";
import { patient } from "../../emulation/lambda/patient.ts";

/** The app with a function URL in place of its HTTP API. */
export const behindUrl = (app: App): App => ({
  ...app,
  group: "app",
  lambda: { ...app.lambda, front: "function-url" },
});

/** The runtime. */
export const lambdaUrl: Runtime = {
  name: "lambda-url",
  start: (subject) =>
    startDev(
      { ...subject, app: behindUrl(subject.app) },
      "lambda",
      withServices(subject, { ...patient, onLog: () => {}, front: "function-url" }),
    ),
};
