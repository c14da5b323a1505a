/** The runtime `node-dev`: `portico dev` for Node, with the app in a thread that loads functions on request. */
import { join } from "node:path";
import { createNodeEmulator } from "../../../framework/emulation/node/emulator.ts";
import type { Runtime } from "../runtime.ts";
import { startDev } from "./dev.ts";

/** The runtime. */
export const nodeDev: Runtime = {
  name: "node-dev",
  start: (subject) =>
    startDev(subject, "node", createNodeEmulator({ onLog: () => {}, data: join(subject.folder, "data") })),
};
