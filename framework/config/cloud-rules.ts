/** The rules of hosting.json's keys "lambda" and "workers", and of names that a cloud limits. */
import { lambdaVariables } from "../model/reserved-variables.ts";
import { hyperdrive } from "./database-rules.ts";
import { packages } from "./package-rules.ts";
import { type ObjectRule, type Rule, type TextLimits, textRule as text } from "./rule.ts";
import { flagName } from "./header-and-flag-rules.ts";

/** Lambda's variables that the pattern below does not already reject. */
const reserved = [...lambdaVariables].filter((name) => !name.startsWith("_"));

/** Names of bindings, and of env and secrets. */
export const bindingName = {
  pattern: "^[A-Za-z][A-Za-z0-9_]+$",
  description: "two or more letters, digits and _, beginning with a letter",
  not: [
    { pattern: `^(${reserved.join("|")})$`, description: "a name that Lambda sets itself" },
    { pattern: "^PORTICO_", description: "a name of Portico's own" },
  ],
} satisfies TextLimits;

/** An IAM statement, in AWS's own shape. */
export const statement: Rule = { kind: "platform-object", required: "Effect" };

/** `lambda`. */
export const lambda: ObjectRule = {
  kind: "object",
  description: "Settings for AWS.",
  keys: {
    account: text(
      "The AWS account that the credentials must belong to, 12 digits; checked first.",
      "^[0-9]{12}$",
      "12 digits, in quotes",
    ),
    region: text("The AWS region.", "^[a-z]{2}(-[a-z]+)+-[0-9]+$", "a region's name, such as ap-northeast-2"),
    front: {
      kind: "choice",
      of: ["http-api", "function-url"],
      description:
        "The front that receives requests: an HTTP API with a function per route, or the URL of one function, " +
        'which streams and needs "group": "app". Default: http-api.',
    },
    architecture: {
      kind: "choice",
      of: ["arm64", "x86_64"],
      description: "Processor architecture of the functions. Default: arm64.",
    },
    packages,
    webClasses: {
      kind: "choice",
      of: ["light", "platform"],
      description:
        "Request, Response and Headers inside functions: Portico's own, which start faster, or Node's. " +
        "Default: light.",
    },
    logRetention: {
      kind: "choice",
      of: [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      description: "Days that CloudWatch Logs keeps the functions' log lines. Default: 30.",
    },
    policies: {
      kind: "list",
      items: statement,
      description: "IAM statements of all functions, in addition to writing logs.",
    },
    permissionsBoundary: text("ARN of the permissions boundary of the roles that Portico creates."),
    role: text("ARN of an existing role that all functions use; Portico creates none then."),
    vpc: {
      kind: "object",
      description: "The VPC that the functions join: both lists, or neither for no VPC.",
      keys: {
        subnets: {
          kind: "list",
          items: text("Id of a subnet.", "^subnet-", "a subnet's id"),
          min: 1,
          max: 16,
          unique: true,
          description: "Ids of the subnets, of which AWS takes 16.",
        },
        securityGroups: {
          kind: "list",
          items: text("Id of a security group.", "^sg-", "a security group's id"),
          min: 1,
          max: 5,
          unique: true,
          description: "Ids of the security groups, of which AWS takes 5.",
        },
      },
    },
  },
};

const hostPattern = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$";

/** `workers`. */
export const workers: ObjectRule = {
  kind: "object",
  description: "Settings for Cloudflare.",
  keys: {
    account: text("Id of the Cloudflare account that the credentials must belong to; checked first."),
    compatibilityDate: text(
      "The compatibility date of the Workers runtime. Default: 2026-08-01.",
      "^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
      "a date, YYYY-MM-DD",
    ),
    compatibilityFlags: {
      kind: "list",
      items: { kind: "text", limits: flagName },
      unique: true,
      description:
        "Compatibility flags of the Workers runtime, in addition to nodejs_compat and enable_request_signal, " +
        "which are always sent.",
    },
    location: {
      kind: "choice",
      of: ["wnam", "enam", "weur", "eeur", "apac", "oc"],
      description:
        "Where the database of portico/store is made: western or eastern North America or Europe, Asia-Pacific, " +
        "Oceania. It cannot be moved. Default: near the machine of the first deploy.",
    },
    bindings: {
      kind: "map",
      names: bindingName,
      values: { kind: "platform-object", required: "type" },
      description: "Bindings by name, in the shape of Cloudflare's API without `name`.",
    },
    hyperdrive: hyperdrive(bindingName),
    domains: {
      kind: "list",
      items: text("A host.", hostPattern, "a host's name in lower case, such as app.example.com"),
      unique: true,
      description: "Custom domains: hosts of the account's zones that lead to the Worker.",
    },
    routes: {
      kind: "list",
      items: {
        kind: "object",
        required: ["pattern", "zone"],
        keys: {
          pattern: text(
            "Host and path, with * at the start of the host or the end of the path.",
            "^(\\*\\.?)?[a-z0-9.-]+/[^*?#]*\\*?$",
            "a host and a path, such as example.com/api/*",
          ),
          zone: text("The zone of the host.", hostPattern, "a zone's name, such as example.com"),
        },
      },
      unique: true,
      description: "Routes of zones that lead to the Worker.",
    },
    workersDev: {
      kind: "boolean",
      description: "Whether the Worker is reachable at workers.dev. Default: only without domains and routes.",
    },
  },
};
