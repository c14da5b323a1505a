/** Rules about the text of a source file. Each takes the sources and returns every breach as a sentence. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { root, type Source } from "./sources.ts";

/** Scripts that run in processes of their own: they may exit and print. */
const ownProcess = [
  /^framework\/emulation\/(?:.+\/)?(?:bootstrap|bootstrap-stream|log-format|\w+-process|host-worker)\.mjs$/,
  /^framework\/config\/write-schema\.ts$/,
];

const exits = /\bprocess\.(?:argv|exit|exitCode|reallyExit|abort)\b/;
const prints = /\bconsole\.\w+|\bprocess\.(?:stdout|stderr)\.write\b/;

/**
 * Source text without comments; a regular expression or string that looks like one only hides the rest of its own line.
 */
const code = (text: string): string => text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "");

/** The comments of a source text, one after the other. */
const comments = (text: string): string => (text.match(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm) ?? []).join("\n");

/** Only cli/bin reads process.argv and exits. */
export const exitsElsewhere = (sources: readonly Source[]): string[] =>
  breaches(sources, exits, (file) => file === "framework/cli/bin.js" || isOwnProcess(file));

/**
 * Only the Reporter prints; code that ships inside functions logs with console.error, since that is the function's log,
 * and portico/log at every level.
 */
export const printsElsewhere = (sources: readonly Source[]): string[] =>
  breaches(sources, prints, (file, match) =>
    /^framework\/(runtime|features\/(?!log\/))/.test(file)
      ? match === "console.error"
      : /^framework\/(cli\/(reporter\.ts|bin\.js)|features\/log\/.+)$/.test(file) || isOwnProcess(file),
  );

const isOwnProcess = (file: string): boolean => ownProcess.some((pattern) => pattern.test(file));

function breaches(
  sources: readonly Source[],
  pattern: RegExp,
  isAllowed: (file: string, match: string) => boolean = () => false,
): string[] {
  return sources.flatMap(({ file, text }) =>
    [...code(text).matchAll(new RegExp(pattern, "g"))]
      .filter(([match]) => !isAllowed(file, match))
      .map(([match]) => `${file} has ${match}`),
  );
}

/** The model is pure: no clock, no process, no network, no timers. */
export const impureModel = (sources: readonly Source[]): string[] =>
  breaches(
    sources.filter(({ file }) => file.startsWith("framework/model/")),
    /\bprocess\.\w+|\bnew Date\(\)|\bDate\.now\b|\bperformance\.\w+|\bfetch\(|\bset(?:Timeout|Interval|Immediate)\b/,
  );

const opening = /^(?:#!.*\n)?(?:\/\/ @module-tag .*\n)*\/\*\*\s+\S(?:(?!\*\/)[\s\S])*[.)]\s*\*\//;

/** Files that do not begin with one block comment of prose; only vitest's module tags may precede it. */
export const withoutOpening = (sources: readonly Source[]): string[] =>
  sources.filter(({ text }) => !opening.test(text)).map(({ file }) => `${file} has no opening sentence`);

/** Files of more than 300 lines. */
export const tooLong = (sources: readonly Source[]): string[] =>
  sources
    .map(({ file, text }) => ({ file, lines: text.trimEnd().split("\n").length }))
    .filter(({ lines }) => lines > 300)
    .map(({ file, lines }) => `${file} has ${lines} lines`);

/** Lines of more than 120 characters, but for those that an address makes long. */
export const longLines = (sources: readonly Source[]): string[] =>
  sources.flatMap(({ file, text }) =>
    text
      .split("\n")
      .map((line, index) => ({ line, number: index + 1 }))
      .filter(({ line }) => line.length > 120 && !/https?:\/\/\S{60}/.test(line))
      .map(({ line, number }) => `${file}:${number} has ${line.length} characters`),
  );

/** Names that do not tell what a file holds. */
export const emptyNames = (sources: readonly Source[]): string[] =>
  sources
    .filter(({ file }) => /(?:^|[/-])(?:utils?|helpers?|common|managers?|base|misc)(?:[-./]|$)/.test(file))
    .map(({ file }) => `${file} has a name without a meaning`);

/** Records that are spread into a literal although they could be written there: `{ ...{ a, b }, c }`. */
export const spreadLiterals = (sources: readonly Source[]): string[] => breaches(sources, /\.\.\.\{ \w+/);

/** Contexts that are filled later: `Object.assign(run, …)`, and an `export let` that its own class does not assign. */
export const filledLater = (sources: readonly Source[]): string[] => [
  ...breaches(sources, /\bObject\.assign\(\s*(?:run|context|state|region|edge)\b/),
  ...sources.flatMap(({ file, text }) =>
    [...text.matchAll(/^export let (\w+)/gm)]
      .filter(([, name = ""]) => !new RegExp(`static \\{[\\s\\S]*?\\b${name} = `).test(text))
      .map(([match]) => `${file} has ${match}`),
  ),
];

const decisions = new Set(readdirSync(join(root, "docs/decisions")).map((name) => name.slice(0, 3)));

/** Notes that were never in the repository. */
const outside = /\bfacts(?:\/|:|,? (?:§|sections? \d))|\b(?:design|style|background)\.md\b/g;

const citedFile = /(?<![\w./@-])(?:framework|deploy|docs|\.ci)\/[\w./-]+\.(?:[cm]?[jt]sx?|md)\b/g;
const citedDecision = /\bdecisions?[/ ](\d{3})/g;

/** Comments that cite a file or a decision which is not in the repository. */
export const foreignCitations = (sources: readonly Source[]): string[] =>
  sources.flatMap(({ file, text }) => {
    const cited = comments(text).replaceAll(/\n\s*(?:\*|\/\/)?\s*/g, " ");
    const missing = [...cited.matchAll(citedFile)].filter(([path]) => !existsSync(join(root, path)));
    const unknown = [...cited.matchAll(citedDecision)].filter(([, number = ""]) => !decisions.has(number));
    return [...cited.matchAll(outside), ...missing, ...unknown].map(([match]) => `${file} cites ${match}`);
  });

/** A test that changes or counts what its process has would disturb other test files, which share the process. */
const ofTheProcess = new RegExp(
  [
    String.raw`\bprocess\.chdir\(`,
    String.raw`\bprocess\.env(?:\.\w+|\[[^\]]+\]) = `,
    String.raw`\bdelete process\.env`,
    String.raw`\bvi\.(?:stub|useFakeTimers)`,
    String.raw`\bprocess\.memoryUsage\(`,
    String.raw`/proc/self`,
    String.raw`\bcreateNodeEmulator\(`,
    String.raw`\binstallLazy`,
  ].join("|"),
);

/** Test files that change their process and do not ask for one of their own; vitest.config.ts reads the tags. */
export const withoutOwnProcess = (sources: readonly Source[]): string[] =>
  sources
    .filter(
      ({ file, text }) =>
        file.endsWith(".test.ts") && ofTheProcess.test(text) && !/^\/\/ @module-tag (?:isolated|check)$/m.test(text),
    )
    .map(({ file }) => `${file} changes what its process has, and carries no "// @module-tag isolated"`);
