/** An app session together with the watch over the app's folder, started at the same time. */
import { type FileWatcher, watchFiles } from "./file-watcher.ts";
import type { LoadOptions } from "../config/app-loader.ts";
import type { ReportEvent } from "./dev-event.ts";
import type { FileChanges } from "./watched-folders.ts";
import type { App } from "../model/app.ts";
import { type AppSession, openAppSession } from "./app-session.ts";

/** A session, and the changes in its folder. */
export interface DevSession {
  readonly session: AppSession;
  /** Resolves once all folders are watched. Rejects with UserError WATCH_LIMIT. */
  readonly watching: Promise<FileWatcher>;
  /** Sets the receiver of changes. Changes from before this call are delivered then. */
  follow(onChanges: (changes: FileChanges) => Promise<void>): void;
}

/** Rejects with UserError, as `openAppSession`. @param options what `app` was loaded with */
export async function openDevSession(options: LoadOptions, app: App, report: ReportEvent): Promise<DevSession> {
  const onError = (error: unknown): void => report({ type: "error", error });
  // Watching starts before the files are read, so that no change between the two is missed.
  const receiver = Promise.withResolvers<(changes: FileChanges) => Promise<void>>();
  const watching = watchFiles(app.root, async (changes) => (await receiver.promise)(changes), onError);
  watching.catch(() => undefined);
  const onOutsideFolder = (folder: string): void =>
    void watching.then((watcher) => watcher.addFolder(folder)).catch(onError);
  const session = await openAppSession(options, app, report, onOutsideFolder);
  // The first route is the page that is most often opened first. Its own request reports a failed build.
  const [first] = session.served().routes;
  if (first) session.load(first.function).catch(() => undefined);
  return { session, watching, follow: receiver.resolve };
}
