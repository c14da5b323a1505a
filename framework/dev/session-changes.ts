/** What `portico dev` does when files of its app change, and the start of the app's jobs once it has any. */
import type { AppSession } from "./app-session.ts";
import type { DevEmulator } from "./dev-emulator.ts";
import type { ReportEvent } from "./dev-event.ts";
import type { DevRoute } from "./dev-routing.ts";
import type { DevJobs } from "./dev-jobs.ts";
import type { Gateway } from "./gateway.ts";
import type { FileChanges } from "./watched-folders.ts";

/** The parts of a session that changes reach. */
export interface SessionChanges {
  apply(changes: FileChanges): Promise<void>;
  /** Runs the app's jobs if it has any by now. */
  startJobs(): Promise<void>;
  /** Ends the jobs. */
  close(): Promise<void>;
}

/** Applies changes to the session, its gateway and its emulator. */
export function followChanges(
  session: AppSession,
  gateway: Gateway,
  emulator: DevEmulator,
  report: ReportEvent,
): SessionChanges {
  let jobs: DevJobs | undefined;
  const startJobs = async (): Promise<void> => {
    // Most apps have none.
    if (jobs || session.served().jobs.length === 0) return;
    const { lambda } = emulator;
    jobs = lambda
      ? await (await import("./lambda-jobs.ts")).startLambdaJobs(session, lambda, report)
      : (await import("./dev-jobs.ts")).startDevJobs(session, emulator, report);
  };
  return {
    async apply(changes) {
      const before = session.served().routes;
      const { functions, changed, routing } = await session.apply(changes);
      if (routing) {
        gateway.update(session.served());
        reportRoutes(before, session.served().routes, report);
      }
      for (const id of functions) emulator.retire(id);
      void changed.then((ids) => {
        if (ids.length > 0) report({ type: "changed", functions: ids });
      });
      await startJobs();
    },
    startJobs,
    close: async () => jobs?.close(),
  };
}

/** A route is another one when its pattern or its file is. */
function reportRoutes(before: readonly DevRoute[], now: readonly DevRoute[], report: ReportEvent): void {
  const missingIn = (routes: readonly DevRoute[]) => {
    const keys = new Set(routes.map(({ pattern, file }) => `${pattern} ${file}`));
    return ({ pattern, file }: DevRoute): boolean => !keys.has(`${pattern} ${file}`);
  };
  const [added, removed] = [now.filter(missingIn(before)), before.filter(missingIn(now))];
  if (added.length + removed.length > 0) report({ type: "routes", added, removed });
}
