/** The rules of hosting.json: every key with its kind, limits and description. */
import { logLevels } from "../model/app.ts";
import { targets } from "../model/target.ts";
import { databases } from "./database-rules.ts";
import { clock, jobConcurrency, jobs } from "./job-rules.ts";
import { external, files } from "./package-rules.ts";
import { lambda, statement, workers } from "./cloud-rules.ts";
import { envName } from "./env-name.ts";
import { extensions } from "./extension-rules.ts";
import { type ObjectRule, type Rule, type TextLimits, textRule } from "./rule.ts";
import { headerName, headerValue } from "./header-and-flag-rules.ts";

/** Names of apps and stages. They become parts of function names, separated by "--". */
export const appName: TextLimits = {
  pattern: "^[a-z][a-z0-9]*(-[a-z0-9]+)*$",
  description: "lower-case letters, digits and single hyphens, beginning with a letter",
};

const pathPattern: TextLimits = {
  pattern: "^/[^*]*\\*?$",
  description: "a path that begins with /, with * only at its end",
};

const settings: ObjectRule = {
  kind: "object",
  keys: {
    memory: {
      kind: "integer",
      min: 128,
      max: 10240,
      description: "Memory in MB; CPU is proportional to it. Default: 512.",
    },
    timeout: {
      kind: "integer",
      min: 1,
      max: 900,
      description:
        "Timeout of a request in seconds, at most 30 behind an HTTP API and 900 behind a function URL. Default: 10.",
    },
    policies: {
      kind: "list",
      items: statement,
      description: 'AWS: IAM statements of the functions that serve the path, beside those under "lambda".',
    },
  },
};

const shared: Readonly<Record<string, Rule>> = {
  target: {
    kind: "one-or-list",
    items: { kind: "choice", of: targets },
    description: "The platforms that the app runs on. Default: lambda.",
  },
  assets: textRule(
    "Folder of static files, relative to this file. Default: functions/_public.",
    "^(?!/)(?!(.*/)?\\.\\.(/|$))[^\\\\:]+$",
    "a folder inside the app, written with /",
  ),
  templates: textRule(
    "Folder of the templates that extends, include and import name. Default: functions/_views.",
    "^(?!/)(?!(.*/)?\\.\\.(/|$))[^\\\\:]+$",
    "a folder inside the app, written with /",
  ),
  headers: {
    kind: "map",
    names: pathPattern,
    values: { kind: "map", names: headerName, values: { kind: "text", limits: headerValue } },
    description:
      'Response headers of static files by path, as in "/fonts/*": { "access-control-allow-origin": "*" }; ' +
      "of several matching paths, the last wins for each header.",
  },
  group: {
    kind: "choice",
    of: ["route", "folder", "app"],
    description: "The routes of one function: a single route, a folder, or the whole app. Default: route.",
  },
  trailingSlash: {
    kind: "choice",
    of: ["redirect"],
    description:
      "Redirects with status 308 a path that differs from a route by its trailing slash. Default: status 404.",
  },
  routes: {
    kind: "map",
    names: pathPattern,
    values: settings,
    description: "Settings by path; of several matching paths, the last wins for each key.",
  },
  files,
  external,
  env: {
    kind: "map",
    names: envName,
    values: { kind: "text" },
    description:
      "Values that functions find in context.env and process.env. No secrets: this file is shared. " +
      "Names that control a process, such as NODE_OPTIONS, PATH and HOME, are rejected.",
  },
  secrets: {
    kind: "list",
    items: { kind: "text", limits: envName },
    unique: true,
    description:
      "Names of the secrets that functions find in context.env and process.env; values are stored elsewhere. " +
      "Names that control a process are rejected.",
  },
  extensions,
  databases: databases(envName),
  smoke: {
    kind: "list",
    description: "Requests that a release must pass before it receives traffic.",
    items: {
      kind: "object",
      required: ["path"],
      keys: {
        path: textRule("The path and query to GET.", "^/", "a path that begins with /"),
        status: { kind: "integer", min: 200, max: 599, description: "The expected status. Default: 200." },
      },
    },
  },
  jobs,
  jobConcurrency,
  clock,
  keep: {
    kind: "integer",
    min: 1,
    max: 100,
    description: "Number of releases that stay available for rollback. Default: 10.",
  },
  state: {
    kind: "choice",
    of: ["separate"],
    description:
      "Allows an app that keeps data to have both clouds as targets: each has data of its own, and neither sees the " +
      "other's.",
  },
  logLevel: {
    kind: "choice",
    of: logLevels,
    description: "The least urgent level that portico/log writes. Default: debug.",
  },
  traces: {
    kind: "boolean",
    description: "Whether the cloud traces requests: X-Ray on AWS, Workers' traces on Cloudflare. Default: false.",
  },
  lambda,
  workers,
};

const stage: ObjectRule = {
  kind: "object",
  keys: {
    ...shared,
    protected: { kind: "boolean", description: "Whether removing the stage requires typing its name." },
  },
};

/** hosting.json. */
export const hosting: ObjectRule = {
  kind: "object",
  description: "An app for Portico.",
  required: ["name"],
  keys: {
    $schema: { kind: "text", description: "Location of this schema, for editors." },
    name: {
      kind: "text",
      limits: appName,
      description: "The app's name, which is part of the names of all deployed resources.",
    },
    ...shared,
    stages: {
      kind: "map",
      names: appName,
      values: stage,
      description: "Overrides by stage: objects are merged key by key; lists and values are replaced.",
    },
  },
};
