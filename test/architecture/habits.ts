/** What a source file may say and how it must begin: sources in, every breach out, as sentences. */
import type { Source } from "./sources.ts";

/** Scripts that run in processes of their own: they are their own bin and printer. */
const ownProcess = [
  /^framework\/local\/(?:.+\/)?(?:bootstrap|bootstrap-stream|log-format|watchdog-process|isolate-worker|host-worker)\.mjs$/,
  /^framework\/config\/write-schema\.ts$/,
];

const exits = /\bprocess\.(?:argv|exit|exitCode|reallyExit|abort)\b/;
const prints = /\bconsole\.\w+|\bprocess\.(?:stdout|stderr)\.write\b/;

/** Source text without comments; a regular expression or string that looks like one only hides the rest of its own line. */
const code = (text: string): string => text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "");

/** Only cli/bin reads process.argv and exits. */
export const exitsElsewhere = (sources: readonly Source[]): string[] =>
  breaches(sources, exits, (file) => file === "framework/cli/bin.js" || isOwnProcess(file));

/** Only the Reporter prints; what ships inside functions logs with console.error, since that is the function's own log. */
export const printsElsewhere = (sources: readonly Source[]): string[] =>
  breaches(sources, prints, (file, said) =>
    file.startsWith("framework/runtime/")
      ? said === "console.error"
      : /^framework\/cli\/(reporter\.ts|bin\.js)$/.test(file) || isOwnProcess(file),
  );

const isOwnProcess = (file: string): boolean => ownProcess.some((pattern) => pattern.test(file));

function breaches(sources: readonly Source[], pattern: RegExp, isAllowed: (file: string, said: string) => boolean): string[] {
  return sources.flatMap(({ file, text }) =>
    [...code(text).matchAll(new RegExp(pattern, "g"))].filter(([said]) => !isAllowed(file, said)).map(([said]) => `${file} says ${said}`),
  );
}

/** Files that do not begin with one block comment of prose. */
export const withoutOpening = (sources: readonly Source[]): string[] =>
  sources
    .filter(({ text }) => !/^(?:#!.*\n)?\/\*\*\s+\S(?:(?!\*\/)[\s\S])*[.)]\s*\*\//.test(text))
    .map(({ file }) => `${file} has no opening sentence`);

/** Files of more than 300 lines. */
export const tooLong = (sources: readonly Source[]): string[] =>
  sources
    .map(({ file, text }) => ({ file, lines: text.trimEnd().split("\n").length }))
    .filter(({ lines }) => lines > 300)
    .map(({ file, lines }) => `${file} has ${lines} lines`);

/** Names that say nothing about what a file holds. */
export const emptyNames = (sources: readonly Source[]): string[] =>
  sources
    .filter(({ file }) => /(?:^|[/-])(?:utils?|helpers?|common|managers?|base|misc)(?:[-./]|$)/.test(file))
    .map(({ file }) => `${file} says nothing`);
