/** The emulation that `portico dev` runs an app's target in: the app in, an emulator whose processes start at once out. */
import { functionSettings } from "../build/group.ts";
import type { Emulator } from "../local/emulator.ts";
import type { Standby } from "../local/lambda/standby.ts";
import { installPlainRequest } from "../node/plain-request.ts";
import { installPlainResponse } from "../node/plain-response.ts";
import type { App } from "../model/app.ts";
import type { LogLine } from "../model/invocation.ts";
import type { CommandInput } from "./command.ts";
import { countFlag } from "./flags.ts";
import { formatLog } from "./format-log.ts";

/** Only what the target needs is loaded. @param ahead where Lambda's first process waits, if it does; closed with the emulator */
export async function createEmulator(input: CommandInput, app: App, ahead?: Standby): Promise<Emulator> {
  const { reporter } = input;
  const target = app.targets[0]!;
  const onLog = (line: LogLine): void => reporter.result(formatLog(line, reporter), { type: "log", ...line });
  // Lambda's, and refused by name if it means nothing, whatever the target.
  const concurrency = countFlag(input, "concurrency", "BAD_CONCURRENCY");
  if (target === "lambda") {
    const { createLambdaEmulator } = await import("../local/lambda/emulator.ts");
    const { region, front } = app.lambda;
    const { memory } = functionSettings(app, { id: "", routes: [] });
    // Lambda's own three lines for each request would drown the access log, which tells the same.
    return createLambdaEmulator({
      onLog,
      platformLines: reporter.verbose,
      standby: { memory, directory: app.root },
      ...(ahead && { ahead }),
      // Each event of an account that has so few gets an environment of its own, as there.
      ...(concurrency !== undefined && { maxConcurrency: concurrency, maxEnvironments: concurrency }),
      ...(front && { front }),
      ...(region !== undefined && { region }),
    });
  }
  if (target === "node") {
    // As `start` does, so that both run handlers alike.
    installPlainResponse();
    installPlainRequest();
    return (await import("../local/node/emulator.ts")).createNodeEmulator({ onLog });
  }
  const { createWorkersEmulator } = await import("../local/workers/emulator.ts");
  return createWorkersEmulator({ compatibilityDate: app.workers.compatibilityDate, onLog, onNotice: (text) => reporter.warn(text) });
}
