/** `portico dev` for Workers: a Worker Loader isolate per function in real workerd. */
import { createWorkersEmulator } from "../../../framework/local/workers/emulator.ts";
import type { Runtime } from "../runtime.ts";
import { startDev } from "./dev.ts";

/** The runtime. */
export const workersDev: Runtime = {
  name: "workers-dev",
  start: (subject) => {
    const { compatibilityDate } = subject.app.workers;
    return startDev(subject, "workers", createWorkersEmulator({ compatibilityDate, onLog: () => {}, onNotice: () => {} }));
  },
};
