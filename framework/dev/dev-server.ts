/** The server of `portico dev`, over an app's session or a folder of static files: the last part of a start to load. */
import { stop } from "esbuild";
import type { AccessRecord } from "../http/access-log.ts";
import type { DevEmulator } from "./dev-emulator.ts";
import { createGateway, type FailureReport, type Gateway } from "./gateway.ts";
import { followChanges } from "./session-changes.ts";
import { excerptOf } from "./source-frame.ts";
import { contentType } from "../routes/content-type.ts";
import { type AppSession, noFunctions } from "./app-session.ts";
import type { DevSession } from "./dev-session.ts";
import type { DevEvent, ReportEvent } from "./dev-event.ts";

/** The address that the gateway listens on, and the receiver of its events. */
export interface ServerOptions {
  /** 0 takes a free one. */
  readonly port: number;
  /** Host names besides the loopback ones. */
  readonly hosts: readonly string[];
  readonly report: ReportEvent;
}

/** The gateway's callbacks, which report events. */
function gatewayCallbacks(report: ReportEvent) {
  return {
    onAccess: (record: AccessRecord) => report({ type: "access", record }),
    onFailure: (failed: FailureReport) =>
      report({ type: "failure", report: failed, excerpt: excerptOf(failed.failure) }),
    onError: (error: unknown) => report({ type: "error", error }),
  };
}

/** Serves a folder without functions/. Gives a function that closes the server. */
export async function serveFolder(root: string, { port, hosts, report }: ServerOptions): Promise<() => Promise<void>> {
  const { createNodeEmulator } = await import("../emulation/node/emulator.ts");
  const emulator = createNodeEmulator({ onLog: () => undefined });
  const gateway = await createGateway({
    port,
    hosts,
    target: "node",
    root,
    emulator,
    source: noFunctions,
    directory: contentType,
    ...gatewayCallbacks(report),
  });
  report({ type: "serving-files", url: gateway.url, root });
  return async () => {
    await gateway.close();
    await emulator.close();
  };
}

/** Serves an app in an emulator. Gives a function that closes all three. */
export async function serveApp(
  { session, watching, follow }: DevSession,
  emulator: DevEmulator,
  { port, hosts, report }: ServerOptions,
): Promise<() => Promise<void>> {
  const gateway = await createGateway({
    port,
    hosts,
    target: session.target,
    root: session.app.root,
    emulator,
    source: session,
    ...(session.front && { front: session.front }),
    ...(session.app.trailingSlash && { trailingSlash: session.app.trailingSlash }),
    describe: session.describe,
    ...gatewayCallbacks(report),
  });
  gateway.update(session.served());
  const changes = followChanges(session, gateway, emulator, report);
  follow(changes.apply);
  const watcher = await watching;
  report(servingApp(session, gateway));
  await changes.startJobs();
  return async () => {
    watcher.close();
    await changes.close();
    await gateway.close();
    await Promise.all([emulator.close(), session.close()]);
    // The watchdog ends at once when esbuild's process has ended.
    await stop();
  };
}

function servingApp({ app, target, front, served }: AppSession, { url }: Gateway): DevEvent {
  const { routes, assets, ...jobs } = served();
  return {
    type: "serving-app",
    url,
    name: app.name,
    target,
    front,
    routes: routes.map(({ pattern, file }) => ({ pattern, file })),
    assets: assets.length,
    ...jobs,
  };
}
