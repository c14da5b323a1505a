/** The runtime `lambda`: `portico dev` for Lambda, with an HTTP API's events for functions in child processes. */
import { createLambdaEmulator } from "../../../framework/emulation/lambda/emulator.ts";
import { withLambdaServices } from "../../../framework/dev/dev-lambda.ts";
import type { Emulator } from "../../../framework/emulation/emulator.ts";
import type { LoadedApp, Runtime } from "../runtime.ts";
import { startDev } from "./dev.ts";
import { patient } from "../../emulation/lambda/patient.ts";

/** The emulation, with table, queue and bucket in the app's folder. */
export const withServices = (
  { app, folder }: LoadedApp,
  options: Parameters<typeof createLambdaEmulator>[0],
): Emulator => {
  const { region } = app.lambda;
  return withLambdaServices(
    { ...app, root: folder },
    createLambdaEmulator({ ...options, ...(region !== undefined && { region }) }),
    (error) => {
      throw error;
    },
  );
};

/** The runtime. */
export const lambda: Runtime = {
  name: "lambda",
  start: (subject) => startDev(subject, "lambda", withServices(subject, { ...patient, onLog: () => {} })),
};
