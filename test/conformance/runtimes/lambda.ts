/** `portico dev` for Lambda: an HTTP API's events to functions in child processes behind a Lambda Runtime API. */
import { createLambdaEmulator } from "../../../framework/local/lambda/emulator.ts";
import type { Runtime } from "../runtime.ts";
import { startDev } from "./dev.ts";

/** The runtime. */
export const lambda: Runtime = {
  name: "lambda",
  start: (subject) => startDev(subject, "lambda", createLambdaEmulator({ onLog: () => {} })),
};
