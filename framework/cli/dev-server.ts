/** What `portico dev` serves: an app's session, or a folder of static files, in; the gateway over it and its end out. Loaded once all that takes longer is begun. */
import { stop } from "esbuild";
import { accessJson, formatAccess } from "../local/access-log.ts";
import type { Emulator } from "../local/emulator.ts";
import { createGateway, type FailureReport, type Gateway } from "../local/gateway.ts";
import { frameText } from "../local/source-frame.ts";
import { contentType } from "../routes/content-type.ts";
import { type AppSession, noFunctions } from "./app-session.ts";
import type { CommandInput } from "./command.ts";
import type { DevSession } from "./dev-session.ts";
import { portFlag } from "./flags.ts";
import type { Reporter } from "./reporter.ts";

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

/** A folder without functions/. */
export async function serveFolder(input: CommandInput, root: string): Promise<() => Promise<void>> {
  const { createNodeEmulator } = await import("../local/node/emulator.ts");
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

/** An app whose session is open, in this emulation. */
export async function serveApp(
  input: CommandInput,
  { session, watching, follow }: DevSession,
  emulator: Emulator,
): Promise<() => Promise<void>> {
  const { reporter } = input;
  const gateway = await createGateway({
    ...{ port: portFlag(input, 3000), hosts: hostsOf(input), target: session.target, root: session.app.root, emulator, source: session },
    ...(session.front && { front: session.front }),
    ...tellers(reporter),
  });
  gateway.update(session.served());
  follow(followChanges(session, gateway, emulator, reporter));
  const watch = await watching;
  announce(reporter, session, gateway);
  return async () => {
    watch.close();
    await gateway.close();
    await Promise.all([emulator.close(), session.close()]);
    // The watchdog has nothing left to kill then, and ends at once.
    await stop();
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
