/** An app being served, and the watch over its folder, begun together: the app in, its session out, its first route in work. */
import { watchTree, type Watch } from "../local/watch.ts";
import type { Changes } from "../local/folder-tree.ts";
import type { App } from "../model/app.ts";
import { type AppSession, openAppSession } from "./app-session.ts";
import type { CommandInput } from "./command.ts";
import { appFlags } from "./flags.ts";

/** A session, and what changes in its folder. */
export interface DevSession {
  readonly session: AppSession;
  /** Resolves once all folders are watched. Rejects with UserError WATCH_LIMIT. */
  readonly watching: Promise<Watch>;
  /** Who is told of changes; those of before wait for somebody. */
  follow(tell: (changes: Changes) => Promise<void>): void;
}

/** Rejects with UserError, as `openAppSession`. */
export async function openDevSession(input: CommandInput, app: App): Promise<DevSession> {
  const { reporter } = input;
  // The folders are watched while they are read.
  const follow = Promise.withResolvers<Parameters<DevSession["follow"]>[0]>();
  const watching = watchTree(
    app.root,
    async (changes) => (await follow.promise)(changes),
    (error) => reporter.error(error),
  );
  watching.catch(() => undefined);
  const onOutside = (folder: string): void =>
    void watching.then((watch) => watch.also(folder)).catch((error: unknown) => reporter.error(error));
  const session = await openAppSession(appFlags(input, "dev"), app, reporter, onOutside);
  // A page is opened first more often than not; whoever asks for it is told what is wrong with it.
  const [first] = session.served().routes;
  if (first) session.load(first.function).catch(() => undefined);
  return { session, watching, follow: (tell) => follow.resolve(tell) };
}
