/**
 * The runtime `workers-dev`: `portico dev` for Workers, with one Worker in real workerd that loads functions on
 * request.
 */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { compatibilityFlags } from "../../../framework/model/app.ts";
import { createWorkersEmulator } from "../../../framework/emulation/workers/emulator.ts";
import { startStorage } from "../../../framework/emulation/workers/miniflare-storage.ts";
import { storeSchema } from "../../../framework/model/store-schema.ts";
import type { Runtime } from "../runtime.ts";
import { startDev } from "./dev.ts";

const refused = (): Promise<never> => Promise.reject(new Error("nothing is bound"));
const noBindings = {
  kv: {},
  queues: {},
  sendMessages: refused,
  rateLimits: {},
  services: {},
  serviceCalls: { fetch: refused, connect: refused },
};

/** The runtime. */
export const workersDev: Runtime = {
  name: "workers-dev",
  start: async (subject) => {
    const { workers } = subject.app;
    const { compatibilityDate } = workers;
    const flags = compatibilityFlags(workers);
    const storage = await startStorage(join(subject.folder, "storage"));
    const queries = storeSchema.map((sql) => ({ sql, params: [] }));
    await storage.send("d1", "store", {
      url: "http://d1/query?resultsFormat=NONE",
      method: "POST",
      body: JSON.stringify(queries),
    });
    const emulator = createWorkersEmulator({
      compatibilityDate,
      compatibilityFlags: flags,
      onLog: () => {},
      onNotice: () => {},
      bindings: async () => ({
        ...noBindings,
        values: { PORTICO_FILES_KEY: randomUUID() },
        d1: { PORTICO_STORE: storage.url("d1", "store") },
        r2: { PORTICO_FILES: storage.url("r2", "files") },
      }),
    });
    const app = await startDev(subject, "workers", emulator);
    return {
      ...app,
      async close() {
        await app.close();
        await storage.close();
      },
    };
  },
};
