/** The rules of "extensions" in hosting.json, and of "portico" in the package.json of an extension. */
import { statement } from "./cloud-rules.ts";
import { envName } from "./env-name.ts";
import { type ObjectRule, type Rule, textRule } from "./rule.ts";

/** `extensions`. */
export const extensions: Rule = {
  kind: "map",
  names: {
    pattern: "^(@[a-z0-9~-][a-z0-9._~-]*/)?[a-z0-9~-][a-z0-9._~-]*$",
    description: "a package's name as in package.json, such as portico-stripe or @scope/name",
  },
  values: { kind: "platform-object" },
  description:
    "Packages that bring settings, secrets, policies or migrations, each with the settings that it describes.",
};

const inside = "^\\./(?!(.*/)?\\.\\.?(/|$))[^\\\\:]+$";

/** `portico` in the package.json of an extension. */
export const extensionData: ObjectRule = {
  kind: "object",
  keys: {
    settings: textRule("JSON Schema of its settings.", inside, "a file of the package, such as ./settings.schema.json"),
    secrets: { kind: "list", items: { kind: "text", limits: envName }, unique: true },
    policies: { kind: "list", items: statement },
    migrations: textRule("Folder of its migrations.", inside, "a folder of the package, such as ./migrations"),
    requires: textRule("The versions of Portico that it works with, as a range of npm."),
  },
};
