/** The one description of hosting.json: every key with its kind, limits and meaning. */
import { lambdaVariables } from "../model/lambda-variables.ts";
import { targets } from "../model/target.ts";
import type { ObjectRule, Rule, TextLimits } from "./rule.ts";

/** Names of apps and stages: they become part of function names, which are taken apart at "--". */
export const appName: TextLimits = {
  pattern: "^[a-z][a-z0-9]*(-[a-z0-9]+)*$",
  says: "lower-case letters, digits and single hyphens, beginning with a letter",
};

/** Those that the pattern below does not refuse anyway. */
const reserved = [...lambdaVariables].filter((name) => !name.startsWith("_"));

const envName: TextLimits = {
  pattern: "^[A-Za-z][A-Za-z0-9_]+$",
  says: "two or more letters, digits and _, beginning with a letter",
  not: [
    { pattern: `^(${reserved.join("|")})$`, says: "a name that Lambda sets itself" },
    { pattern: "^PORTICO_", says: "a name of Portico's own" },
  ],
};

const inAnyCase = (name: string): string => name.replace(/[a-z]/g, (letter) => `[${letter.toUpperCase()}${letter}]`);

const text = (about: string, pattern?: string, says = ""): Rule => ({
  kind: "text",
  about,
  limits: pattern === undefined ? { pattern: "\\S", says: "not empty" } : { pattern, says },
});

const pathPattern: TextLimits = { pattern: "^/[^*]*\\*?$", says: "a path that begins with /, with * at its end or not at all" };

/** What the server itself says of a file; to say otherwise would make its answers false. */
const ownHeaders = [
  "accept-ranges",
  "connection",
  "content-encoding",
  "content-length",
  "content-range",
  "date",
  "etag",
  "keep-alive",
  "last-modified",
  "location",
  "set-cookie",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "vary",
];

/** RFC 9110 section 5.1; case does not matter to a header's name, and a pattern here has no flag for that. */
const headerName: TextLimits = {
  pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$",
  says: "a header's name",
  not: [{ pattern: `^(${ownHeaders.map(inAnyCase).join("|")})$`, says: "a header that the server sets itself" }],
};

const headerValue: TextLimits = {
  pattern: "^[!-~]([ -~]{0,998}[!-~])?$",
  says: "1 to 1,000 printable ASCII characters without a space at either end",
  // Cloudflare's asset server puts what "*" stood for in its place.
  not: [{ pattern: ":splat", says: "a placeholder of Cloudflare's" }],
};

const settings: ObjectRule = {
  kind: "object",
  keys: {
    memory: { kind: "integer", min: 128, max: 10240, about: "Memory in MB; CPU grows with it. 512 when absent." },
    timeout: {
      kind: "integer",
      min: 1,
      max: 900,
      about: "Seconds until a request is given up; an HTTP API waits 30 at most, a function URL 900. 10 when absent.",
    },
  },
};

const lambda: ObjectRule = {
  kind: "object",
  about: "What only AWS needs.",
  keys: {
    account: text(
      "The AWS account that must be the one in use, 12 digits; checked before anything else.",
      "^[0-9]{12}$",
      "12 digits, in quotes",
    ),
    region: text("The AWS region.", "^[a-z]{2}(-[a-z]+)+-[0-9]+$", "a region's name, such as ap-northeast-2"),
    front: {
      kind: "choice",
      of: ["http-api", "function-url"],
      about:
        'What takes requests: an HTTP API with a function per route, or the URL of one function, which streams and needs "group": "app". http-api when absent.',
    },
    architecture: { kind: "choice", of: ["arm64", "x86_64"], about: "Processor of the functions. arm64 when absent." },
    webClasses: {
      kind: "choice",
      of: ["light", "platform"],
      about: "Request, Response and Headers inside functions: Portico's own, which start faster, or Node's. light when absent.",
    },
    logRetention: {
      kind: "step",
      of: [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      about: "Days that the functions' log lines stay; those that CloudWatch Logs takes. 30 when absent.",
    },
    policies: {
      kind: "list",
      items: { kind: "foreign", required: "Effect" },
      about: "IAM statements that the functions' role gets beside writing its logs.",
    },
    permissionsBoundary: text("ARN of a policy that bounds the role that Portico makes."),
    role: text("ARN of a role to use instead of making one."),
    vpc: {
      kind: "object",
      about: "The VPC that the functions join; both lists, or neither for none.",
      keys: {
        subnets: {
          kind: "list",
          items: text("Id of a subnet.", "^subnet-", "a subnet's id"),
          min: 1,
          unique: true,
          about: "Ids of the subnets.",
        },
        securityGroups: {
          kind: "list",
          items: text("Id of a security group.", "^sg-", "a security group's id"),
          min: 1,
          unique: true,
          about: "Ids of the security groups.",
        },
      },
    },
  },
};

const hostPattern = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$";

const workers: ObjectRule = {
  kind: "object",
  about: "What only Cloudflare needs.",
  keys: {
    account: text("Id of the Cloudflare account that must be the one in use; checked before anything else."),
    compatibilityDate: text(
      "The date whose behaviour of the Workers runtime is wanted. 2026-08-01 when absent.",
      "^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
      "a date, YYYY-MM-DD",
    ),
    bindings: {
      kind: "map",
      names: envName,
      values: { kind: "foreign", required: "type" },
      about: "Bindings by name, in Cloudflare's own shapes without `name`.",
    },
    domains: {
      kind: "list",
      items: text("A host.", hostPattern, "a host's name in lower case, such as app.example.com"),
      unique: true,
      about: "Custom domains: hosts of the account's zones that the Worker answers for.",
    },
    routes: {
      kind: "list",
      items: {
        kind: "object",
        required: ["pattern", "zone"],
        keys: {
          pattern: text(
            "Host and path, with * at the host's beginning or the path's end.",
            "^(\\*\\.?)?[a-z0-9.-]+/[^*?#]*\\*?$",
            "a host and a path, such as example.com/api/*",
          ),
          zone: text("The zone that it is in.", hostPattern, "a zone's name, such as example.com"),
        },
      },
      unique: true,
      about: "Routes of zones that lead to the Worker.",
    },
    workersDev: {
      kind: "boolean",
      about: "Whether the Worker answers at workers.dev too; when absent it does where it has no domain and no route.",
    },
  },
};

const shared: Readonly<Record<string, Rule>> = {
  target: { kind: "one-or-list", items: { kind: "choice", of: targets }, about: "Where the app runs. lambda when absent." },
  assets: text(
    "Folder of static files, relative to this file; served as they are. functions/_public when absent.",
    "^(?!/)(?!(.*/)?\\.\\.(/|$))[^\\\\:]+$",
    "a folder inside the app, written with /",
  ),
  headers: {
    kind: "map",
    names: pathPattern,
    values: { kind: "map", names: headerName, values: { kind: "text", limits: headerValue } },
    about:
      'Response headers of static files by path, as in "/fonts/*": { "access-control-allow-origin": "*" }; of several, the last wins for each header.',
  },
  group: {
    kind: "choice",
    of: ["route", "folder", "app"],
    about: "What becomes one function: each route, each folder, or the whole app. route when absent.",
  },
  routes: {
    kind: "map",
    names: pathPattern,
    values: settings,
    about: "Settings by path; of several that match, the last wins for each key.",
  },
  env: {
    kind: "map",
    names: envName,
    values: { kind: "text" },
    about: "Values that functions find in context.env. No secrets: this file is shared.",
  },
  secrets: {
    kind: "list",
    items: { kind: "text", limits: envName },
    unique: true,
    about: "Names of the secrets that functions find in context.env; the values are kept elsewhere.",
  },
  smoke: {
    kind: "list",
    about: "Requests that a release must answer before it takes traffic.",
    items: {
      kind: "object",
      required: ["path"],
      keys: {
        path: text("The path and query to GET.", "^/", "a path that begins with /"),
        status: { kind: "integer", min: 200, max: 599, about: "The status it must have. 200 when absent." },
      },
    },
  },
  keep: { kind: "integer", min: 1, max: 100, about: "How many releases stay ready for rollback. 10 when absent." },
  lambda,
  workers,
};

const stage: ObjectRule = {
  kind: "object",
  keys: { ...shared, protected: { kind: "boolean", about: "True: the stage is never removed without its name typed." } },
};

/** hosting.json. */
export const hosting: ObjectRule = {
  kind: "object",
  about: "An app for Portico.",
  required: ["name"],
  keys: {
    $schema: { kind: "text", about: "Where this schema is, for editors." },
    name: { kind: "text", limits: appName, about: "The app's name; what is deployed is named after it." },
    ...shared,
    stages: {
      kind: "map",
      names: appName,
      values: stage,
      about: "What differs by stage: objects are merged key by key, lists and values replaced.",
    },
  },
};
