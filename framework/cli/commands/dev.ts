/** `portico dev [dir]`: a folder in, the app served as its target's cloud would until Ctrl-C; every change is live at once. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { initialize } from "esbuild";
import { functionSettings } from "../../build/group.ts";
import { accessJson, formatAccess } from "../../local/access-log.ts";
import type { Emulator } from "../../local/emulator.ts";
import { createGateway, type FailureReport, type Gateway } from "../../local/gateway.ts";
import { frameText } from "../../local/source-frame.ts";
import { watchTree } from "../../local/watch.ts";
import { startWatchdog } from "../../local/watchdog.ts";
import { installPlainRequest } from "../../node/plain-request.ts";
import { installPlainResponse } from "../../node/plain-response.ts";
import type { LogLine } from "../../model/invocation.ts";
import { UserError } from "../../model/user-error.ts";
import { contentType } from "../../routes/content-type.ts";
import { type AppSession, noFunctions, openAppSession } from "../app-session.ts";
import type { CommandInput } from "../command.ts";
import { appFlags, countFlag, portFlag } from "../flags.ts";
import { formatLog } from "../format-log.ts";
import type { Reporter } from "../reporter.ts";

/** Serves until stopped. A folder without functions/ is served as static files. */
export async function dev(input: CommandInput): Promise<number> {
  const root = resolve(input.cwd, (input.args[0] as string | undefined) ?? ".");
  if (!existsSync(root)) throw new UserError("NO_FOLDER", `there is no folder ${root}`, "give the folder of an app, or of static files");
  const watchdog = startWatchdog();
  const stopped = input.untilStopped();
  const close = existsSync(join(root, "functions")) ? await serveApp(input, root) : await serveFolder(input, root);
  await stopped;
  await close();
  await watchdog.close();
  return 0;
}

const hostsOf = ({ flags }: CommandInput): readonly string[] => (flags["host"] as readonly string[] | undefined) ?? [];

/** What the gateway tells, printed. */
function tellers(reporter: Reporter) {
  return {
    onAccess: (record: Parameters<typeof formatAccess>[0]) =>
      reporter.json
        ? reporter.result("", accessJson(record))
        : reporter.result(
            formatAccess(record, (style, text) => reporter.paint(style, text)),
            undefined,
          ),
    onFailure: (report: FailureReport) => reportFailure(reporter, report),
    onError: (error: unknown) => reporter.error(error),
  };
}

function reportFailure(reporter: Reporter, { failure, route, file }: FailureReport): void {
  const { frame } = failure;
  const place = frame ? `${frame.file}:${frame.line}:${frame.column}` : file;
  const text = [
    `${reporter.paint("red", failure.name)}: ${failure.message}`,
    `  in ${route}, ${place}`,
    ...(frame ? [frameText(frame)] : []),
  ].join("\n");
  reporter.result(text, { type: "failure", route, file, name: failure.name, message: failure.message, stack: failure.stack });
}

async function serveFolder(input: CommandInput, root: string): Promise<() => Promise<void>> {
  const { createNodeEmulator } = await import("../../local/node/emulator.ts");
  const emulator = createNodeEmulator({ onLog: () => undefined });
  const gateway = await createGateway({
    port: portFlag(input, 3000),
    hosts: hostsOf(input),
    target: "node",
    root,
    emulator,
    source: noFunctions,
    folder: contentType,
    ...tellers(input.reporter),
  });
  input.reporter.result(`${gateway.url}  serves the files in ${root}`, { type: "listening", url: gateway.url, root });
  return async () => {
    await gateway.close();
    await emulator.close();
  };
}

async function serveApp(input: CommandInput, root: string): Promise<() => Promise<void>> {
  const { reporter } = input;
  const session = await openAppSession({ ...appFlags(input, "dev"), root }, reporter);
  // esbuild's process starts while ours goes on.
  void initialize({});
  const emulator = await createEmulator(session, reporter, countFlag(input, "concurrency", "BAD_CONCURRENCY"));
  const gateway = await createGateway({
    ...{ port: portFlag(input, 3000), hosts: hostsOf(input), target: session.target, root, emulator, source: session },
    ...(session.front && { front: session.front }),
    ...tellers(reporter),
  });
  gateway.update(session.served());
  const follow = followChanges(session, gateway, emulator, reporter);
  const watch = await watchTree(root, follow, (error) => reporter.error(error));
  announce(reporter, session, gateway);
  return async () => {
    watch.close();
    await gateway.close();
    await Promise.all([emulator.close(), session.close()]);
  };
}

function followChanges(session: AppSession, gateway: Gateway, emulator: Emulator, reporter: Reporter) {
  return async (changes: Parameters<AppSession["apply"]>[0]): Promise<void> => {
    const { functions, tables } = await session.apply(changes);
    if (tables) gateway.update(session.served());
    for (const id of functions) emulator.retire(id);
    if (functions.length > 0)
      reporter.line(
        reporter.paint(
          "dim",
          `changed: ${functions.slice(0, 5).join(", ")}${functions.length > 5 ? ` and ${functions.length - 5} more` : ""}`,
        ),
      );
  };
}

/** Only what the target needs is loaded. @param concurrency of a Lambda account */
async function createEmulator({ app, target, front, served }: AppSession, reporter: Reporter, concurrency?: number): Promise<Emulator> {
  const onLog = (line: LogLine): void => reporter.result(formatLog(line, reporter), { type: "log", ...line });
  if (target === "lambda") {
    const { createLambdaEmulator } = await import("../../local/lambda/emulator.ts");
    const { region } = app.lambda;
    const { memory } = functionSettings(app, { id: "", routes: served().routes.slice(0, 1) });
    // Lambda's own three lines for each request would drown the access log, which tells the same.
    return createLambdaEmulator({
      onLog,
      platformLines: reporter.verbose,
      standby: { memory, directory: app.root },
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
    return (await import("../../local/node/emulator.ts")).createNodeEmulator({ onLog });
  }
  const { createWorkersEmulator } = await import("../../local/workers/emulator.ts");
  return createWorkersEmulator({ compatibilityDate: app.workers.compatibilityDate, onLog, onNotice: (text) => reporter.warn(text) });
}

function announce(reporter: Reporter, { app, target, front, served }: AppSession, { url }: Gateway): void {
  const { routes, assets } = served();
  const wide = Math.max(...routes.map(({ pattern }) => pattern.length));
  const lines = routes.map(({ pattern, file }) => `  ${url}${pattern.padEnd(wide)}  ${reporter.paint("dim", file)}`);
  const behind = target === "lambda" && front === "function-url" ? ", behind a function URL" : "";
  const head = `${reporter.paint("bold", app.name)} on ${target}${behind}: ${routes.length} routes, ${assets.length} static files`;
  reporter.result([head, ...lines, "", `${reporter.paint("bold", url)}  Ctrl-C ends it`].join("\n"), {
    type: "listening",
    url,
    target,
    routes: routes.map(({ pattern, file }) => ({ pattern, file })),
  });
}
