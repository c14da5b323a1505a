/** The interface of a runtime that the conformance list runs on. */
import type { App } from "../../framework/model/app.ts";
import type { Answer, Ask } from "./case.ts";

/** The names of the runtimes, as in the table of differences. */
export type RuntimeName =
  | "in-process"
  | "lambda"
  | "workers"
  | "workers-cloud"
  | "workers-dev"
  | "node"
  | "node-dev"
  | "local-cloud"
  | "lambda-ric"
  | "lambda-url"
  | "local-cloud-url";

/** An app with its settings and secrets. */
export interface LoadedApp {
  readonly app: App;
  /** Declared env and secrets. */
  readonly env: Readonly<Record<string, string>>;
  /** An empty folder, which is removed after the tests. */
  readonly folder: string;
}

/** An app that is running. */
export interface RunningApp {
  /** `http://host:port`, as a client writes it. */
  readonly origin: string;
  send(ask: Ask): Promise<Answer>;
  close(): Promise<void>;
}

/** One way to run apps. */
export interface Runtime {
  readonly name: RuntimeName;
  /** The name in test titles. Default: `name`. */
  readonly title?: string;
  start(subject: LoadedApp): Promise<RunningApp>;
}
