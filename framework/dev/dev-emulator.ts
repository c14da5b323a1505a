/** Creates the emulator of an app's target for `portico dev`; its first process starts at once. */
import { join } from "node:path";
import { externalPackages } from "../bundler/external-packages.ts";
import { functionSettings } from "../bundler/function-groups.ts";
import type { Emulator } from "../emulation/emulator.ts";
import { type App, compatibilityFlags, dataFolder, defaultCompatibilityDate } from "../model/app.ts";
import type { Need } from "../model/need.ts";
import type { LogLine } from "../model/invocation.ts";
import type { DevQueue } from "./dev-queue.ts";
import { type DevLambda, withLambdaServices } from "./dev-lambda.ts";
import type { ReportEvent } from "./dev-event.ts";
import type { WorkerBindings } from "../emulation/workers/worker-bindings.ts";

/** The open bindings of a Worker. */
export interface DevBindings {
  /** The bindings to use now; they change when the local cloud behind them is replaced. */
  current(): Promise<WorkerBindings>;
  /** Adds a binding that a function needs; resolves when it is there. */
  add(need: Need): Promise<void>;
  close(): Promise<void>;
}

/** Settings of an emulator. */
export interface EmulatorOptions {
  /** Whether Lambda's own lines are reported: START, END and REPORT of each request. */
  readonly platformLines: boolean;
  /** The account's concurrent executions on Lambda; the default of AWS when undefined. */
  readonly concurrency: number | undefined;
  readonly report: ReportEvent;
  /** Opens the bindings of a Worker. @param onReplaced called when `current` has changed */
  openBindings(onReplaced: () => void): Promise<DevBindings>;
}

/** An emulator, with the services of AWS that an app on Lambda reaches. */
export type DevEmulator = Emulator & { readonly lambda?: DevLambda };

/** Loads only the modules that the target needs. */
export async function createEmulator(app: App, options: EmulatorOptions): Promise<DevEmulator> {
  const { report, concurrency, platformLines } = options;
  const target = app.targets[0]!;
  const onLog = (line: LogLine): void => report({ type: "log", line });
  if (target === "lambda") {
    const { createLambdaEmulator } = await import("../emulation/lambda/emulator.ts");
    const { region, front } = app.lambda;
    const { memory } = functionSettings(app, { id: "", routes: [] });
    // Without this flag Lambda's three lines per request are left out, since the access log has the same facts.
    const emulator = createLambdaEmulator({
      onLog,
      platformLines,
      spareProcess: { memory, directory: app.root },
      // As on AWS, an account with few concurrent executions gets an environment for each event.
      ...(concurrency !== undefined && { maxConcurrency: concurrency, maxEnvironments: concurrency }),
      ...(front && { front }),
      ...(region !== undefined && { region }),
    });
    return withLambdaServices(app, emulator, (error) => report({ type: "error", error }));
  }
  if (target === "node")
    return (await import("../emulation/node/emulator.ts")).createNodeEmulator({
      onLog,
      packages: externalPackages(app, "node"),
      data: join(app.root, dataFolder),
      startsEarly: true,
    });
  return createBoundWorkers(app, options, onLog);
}

/** Workers with the app's bindings, if it has any, and with what its functions turn out to need. */
async function createBoundWorkers(
  app: App,
  { report, openBindings }: EmulatorOptions,
  onLog: (line: LogLine) => void,
): Promise<Emulator> {
  const [{ createWorkersEmulator }, { noBindings }, { openDevQueue }] = await Promise.all([
    import("../emulation/workers/emulator.ts"),
    import("../emulation/workers/worker-bindings.ts"),
    import("./dev-queue.ts"),
  ]);
  const { bindings, compatibilityDate } = app.workers;
  const options = {
    compatibilityDate,
    compatibilityFlags: compatibilityFlags(app.workers),
    onLog,
    // Who wrote no date can do nothing about it.
    onNotice: (text: string) => {
      if (compatibilityDate !== defaultCompatibilityDate) report({ type: "warning", text });
    },
  };
  const open = (): Promise<DevBindings> => openBindings(() => emulator.restart());
  let bound = Object.keys(bindings).length > 0 ? open() : undefined;
  await bound;
  let queue: DevQueue | undefined;
  const current = async (): Promise<WorkerBindings | undefined> => {
    const others = await (await bound)?.current();
    return queue ? queue.bind(others ?? noBindings) : others;
  };
  const emulator = createWorkersEmulator({ ...options, bindings: current });
  return {
    ...emulator,
    async invoke(fn, request, to) {
      if (fn.needs?.includes("jobs") && !queue) {
        queue = openDevQueue(join(app.root, dataFolder));
        emulator.restart();
      }
      for (const need of ["store", "files"] as const)
        if (fn.needs?.includes(need)) await (await (bound ??= open())).add(need);
      return emulator.invoke(fn, request, to);
    },
    async close() {
      await emulator.close();
      await (await bound)?.close();
      queue?.close();
    },
  };
}
