/** `portico dev` for Lambda behind a function URL: one function for the whole app, whose answers stream. */
import { createLambdaEmulator } from "../../../framework/local/lambda/emulator.ts";
import type { App } from "../../../framework/model/app.ts";
import type { Runtime } from "../runtime.ts";
import { startDev } from "./dev.ts";

/** The app with a function URL in place of its HTTP API. */
export const behindUrl = (app: App): App => ({ ...app, group: "app", lambda: { ...app.lambda, front: "function-url" } });

/** The runtime. */
export const lambdaUrl: Runtime = {
  name: "lambda-url",
  start: (subject) =>
    startDev({ ...subject, app: behindUrl(subject.app) }, "lambda", createLambdaEmulator({ onLog: () => {}, front: "function-url" })),
};
