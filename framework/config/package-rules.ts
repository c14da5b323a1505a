/** The rules for hosting.json's keys `files`, `external` and `lambda.packages`. */
import type { Rule, TextLimits } from "./rule.ts";

const packageName: TextLimits = {
  pattern: "^(@[a-z0-9~-][a-z0-9._~-]*/)?([a-z0-9~-][a-z0-9._~-]*|[*])$",
  description: "a package's name as in package.json, such as oracledb or @scope/name; @scope/* means all of a scope",
  not: [{ pattern: "^[*]$", description: "every package" }],
};

/** `files`. */
export const files: Rule = {
  kind: "list",
  items: {
    kind: "text",
    description: "A path relative to this file; * matches any part of a name, ** any folders.",
    limits: {
      pattern: "^(?!/)(?!(.*/)?\\.\\.?(/|$))(?!(.*/)?node_modules(/|$))[^\\\\:]+[^/\\\\:]$",
      description: "a path inside the app, written with /, such as functions/_data/**",
    },
  },
  unique: true,
  description:
    "Files that functions read at run time, on Lambda and Node. " +
    "They are in the function's folder under the same paths.",
};

/** `external`. */
export const external: Rule = {
  kind: "list",
  items: { kind: "text", limits: packageName },
  unique: true,
  description:
    "Packages that are not bundled, such as optional drivers. " +
    "Node finds them in node_modules, Lambda in a layer; elsewhere requiring one fails.",
};

/** `lambda.packages`. */
export const packages: Rule = {
  kind: "list",
  items: { kind: "text", limits: { ...packageName, not: [{ pattern: "[*]", description: "more than one package" }] } },
  unique: true,
  description:
    "Packages that are installed into the functions' zips by npm, with their dependencies: " +
    "native packages, and those that read their own files. Node finds them in node_modules.",
};
