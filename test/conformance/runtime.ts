/** What a runtime is to the conformance list: an app in, something that answers requests out. */
import type { App } from "../../framework/model/app.ts";
import type { Answer, Ask } from "./case.ts";

/** The runtimes, by the names that the table of differences uses. */
export type RuntimeName =
  | "in-process"
  | "lambda"
  | "workers"
  | "workers-cloud"
  | "workers-dev"
  | "node"
  | "local-cloud"
  | "lambda-ric"
  | "lambda-url"
  | "local-cloud-url";

/** An app, loaded and with its secrets. */
export interface Subject {
  readonly app: App;
  /** Declared env and secrets. */
  readonly env: Readonly<Record<string, string>>;
  /** An empty folder of its own, removed when all is over. */
  readonly folder: string;
}

/** An app that answers. */
export interface Running {
  /** `http://host:port`, as a client writes it. */
  readonly origin: string;
  send(ask: Ask): Promise<Answer>;
  close(): Promise<void>;
}

/** One way to run apps. */
export interface Runtime {
  readonly name: RuntimeName;
  /** What tests are called after, where that is not the name. */
  readonly title?: string;
  start(subject: Subject): Promise<Running>;
}
