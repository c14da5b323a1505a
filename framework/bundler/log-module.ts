/** The generated `portico/log` of an app, which knows its name, its stage and the levels that are not written. */
import { type App, logLevels } from "../model/app.ts";
import type { Target } from "../model/target.ts";

/** Among the generated modules of a build. */
export const logModuleName = "log";

/** By its name. */
export function logModule(
  target: Target,
  { name, stage, logLevel = "debug" }: Pick<App, "name" | "stage" | "logLevel">,
): readonly [name: string, text: string] {
  const off = logLevels.slice(0, logLevels.indexOf(logLevel));
  const [ofApp, ofStage] = [JSON.stringify(name), JSON.stringify(stage)];
  const lines = [
    `import { countOf, placeOf, write } from "portico/features/log/${target === "lambda" ? target : "console"}";`,
    `import { createLogger } from "portico/features/log/log";`,
    `import { createTraceHeaders } from "portico/features/log/trace";`,
    `export const count = /* @__PURE__ */ countOf(${ofApp}, ${ofStage});`,
    `export const logger = /* @__PURE__ */ createLogger(write, placeOf, ${ofStage}${
      off.length > 0 ? `, ${JSON.stringify(off)}` : ""
    });`,
    "export const traceHeaders = /* @__PURE__ */ createTraceHeaders(placeOf);",
    "",
  ];
  return [logModuleName, lines.join("\n")];
}
