/** `portico cloud`: runs the local cloud of the app in this folder in the foreground until Ctrl-C. */
import { startWatchdog } from "../../emulation/watchdog.ts";
import type { CommandInput } from "../command.ts";
import { portFlag } from "../flags.ts";
import { openCloud, defaultCloudPort } from "../local-cloud.ts";

/** Throws UserError CLOUD_RUNNING for an app whose local cloud runs already, PORT_IN_USE. */
export async function cloud(input: CommandInput): Promise<number> {
  const { reporter } = input;
  const watchdog = startWatchdog();
  try {
    const own = await openCloud(input.cwd, portFlag(input, defaultCloudPort), reporter, {
      logsAccess: true,
      realistic: input.flags["realistic"] === true,
    });
    const stopped = input.untilStopped();
    const apps = own.cloud.apps().filter(({ stage }) => stage === undefined);
    const workers = own.cloud.workers();
    const lines = [
      ...apps.map(({ name, url }) => `  ${url}  ${name}`),
      ...workers.map(
        ({ name, url, answers }) =>
          `  ${url}  ${name} (Worker${answers ? "" : ", workers.dev off or nothing deployed"})`,
      ),
    ];
    const text = [
      `${reporter.paint("bold", own.cloud.url)}  is the local cloud's control API until Ctrl-C ends it`,
      ...lines,
    ].join("\n");
    for (const line of own.databases) reporter.line(line);
    reporter.result(text, { type: "listening", url: own.cloud.url, apps, workers });
    await stopped;
    await own.close();
    return 0;
  } finally {
    await watchdog.close();
  }
}
