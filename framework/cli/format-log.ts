/** How a terminal shows what a function printed: a line in, its function's name and its text out. */
import type { LogLine } from "../model/invocation.ts";
import type { Reporter } from "./reporter.ts";

/** The platform's own lines are dim; the breaks inside an entry, which Lambda's text format writes as "\r", are lines again. */
export function formatLog({ function: id, stream, text, platform }: LogLine, reporter: Reporter): string {
  const shown = text.trimEnd().replaceAll("\r", "\n");
  return `${reporter.paint(stream === "stderr" ? "yellow" : "dim", `[${id}]`)} ${platform ? reporter.paint("dim", shown) : shown}`;
}
