/** Log lines of functions as a terminal shows them, and the other output of an app as JSON lines. */
import type { LogLine } from "../model/invocation.ts";
import { formatLine } from "./log-line.ts";
import type { Reporter } from "./reporter.ts";

/**
 * A log line with its function's name, for a terminal. Lines of the platform are dim. The "\r" that Lambda's text
 * format writes for a line break inside an entry is a line break again.
 */
export function formatLog({ function: id, stream, text, platform }: LogLine, reporter: Reporter): string {
  const lines = text.trimEnd().replaceAll("\r", "\n");
  const name = reporter.paint(stream === "stderr" ? "yellow" : "dim", `[${id}]`);
  return `${name} ${platform ? reporter.paint("dim", lines) : formatLine({ text: lines }, reporter)}`;
}

type Stream = "stdout" | "stderr";

/**
 * Turns all further output of this process that is no JSON line into one:
 * `{"type":"log","stream":"stdout","text":"…"}`. For `--json` in a process that an app shares.
 */
export function printJsonLines(): void {
  for (const name of ["stdout", "stderr"] as const) {
    const stream = process[name];
    const write = stream.write.bind(stream) as (chunk: unknown, ...rest: unknown[]) => boolean;
    stream.write = (chunk: unknown, ...rest: unknown[]) => write(toLines(name, chunk), ...rest);
  }
}

function toLines(stream: Stream, chunk: unknown): unknown {
  const text = typeof chunk === "string" ? chunk : Buffer.from(chunk as Uint8Array).toString();
  // The Reporter's own lines come by the thousand a second, and are not parsed.
  if (text === "" || text.startsWith('{"type":"') || text.trim().split("\n").every(isJson)) return chunk;
  return `${JSON.stringify({ type: "log", stream, text: text.replace(/\n$/, "") })}\n`;
}

function isJson(line: string): boolean {
  try {
    return typeof JSON.parse(line) === "object";
  } catch {
    return false;
  }
}
