/** Turns what esbuild says about the user's code into one UserError: a failure in, the error with file, line and frame out. */
import { existsSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join } from "node:path";
import type { BuildFailure, Message } from "esbuild";
import { codeFrame } from "../model/code-frame.ts";
import { type At, UserError } from "../model/user-error.ts";

/** True for what esbuild rejects with when the code does not build. */
export const isBuildFailure = (error: unknown): error is BuildFailure =>
  error instanceof Error && "errors" in error && Array.isArray(error.errors);

/** Runs an esbuild call; a failed build rejects with UserError BUILD_FAILED, or with the plugin's own UserError. */
export async function orUserError<T>(root: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw isBuildFailure(error) ? toUserError(root, error) : error;
  }
}

/** The result of an esbuild call; undefined where the code does not build, for callers that have another way. */
export async function orUndefined<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isBuildFailure(error)) return undefined;
    throw error;
  }
}

/** The first error, with its place, and how many more there are. @param root absolute path that esbuild's files are relative to */
export function toUserError(root: string, failure: BuildFailure): UserError {
  const message = failure.errors[0];
  if (!message) throw failure;
  const at = toAt(root, message);
  const place = { ...(at && { at }), cause: failure };
  const own: unknown = message.detail;
  if (own instanceof UserError) return new UserError(own.code, own.message, own.fix, place);
  const missing = missingPackage(root, message);
  const more = failure.errors.length > 1 ? `, and ${failure.errors.length - 1} more` : "";
  const fix = missing ? `Run npm install ${missing}.` : (fixOf(message) ?? "Correct the code at that place; the frame shows it.");
  return new UserError("BUILD_FAILED", message.text + more, fix, place);
}

/** esbuild counts columns in UTF-8 bytes from 0. A file that is generated, or gone, has only the line that esbuild saw. */
function toAt(root: string, { location }: Message): At | undefined {
  if (!location) return undefined;
  const { file, line, lineText } = location;
  const column = bytesToUnits(lineText, location.column);
  const path = join(root, file);
  const source = existsSync(path) ? readFileSync(path, "utf8") : "\n".repeat(line - 1) + lineText;
  const before = source.split("\n").slice(0, line - 1);
  const length = bytesToUnits(lineText, location.column + location.length) - column;
  return { file, ...codeFrame(source, before.join("\n").length + (before.length && 1) + column, length) };
}

/** An offset in UTF-8 bytes as one in UTF-16 units. */
const bytesToUnits = (text: string, bytes: number): number => Buffer.from(text).subarray(0, bytes).toString().length;

const fixOf = ({ notes, location }: Message): string | undefined =>
  location?.suggestion ? `Write ${location.suggestion}` : notes[0]?.text;

/** The package that the quoted specifier at the error's place names, when no node_modules above that file has it. */
function missingPackage(root: string, { location }: Message): string | undefined {
  if (!location) return undefined;
  const quoted = Buffer.from(location.lineText)
    .subarray(location.column, location.column + location.length)
    .toString();
  const name = /^(["'])((?:@[\w.-]+\/)?[\w][\w.-]*)(?:\/[^"']*)?\1$/.exec(quoted)?.[2];
  if (name === undefined || builtinModules.includes(name)) return undefined;
  for (let folder = dirname(join(root, location.file)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "node_modules", name))) return undefined;
    if (folder === dirname(folder)) return name;
  }
}

/** What esbuild warns of, one line each. */
export const warnings = (messages: readonly Message[]): readonly string[] =>
  messages.map(({ text, location }) =>
    location ? `${text}, at ${location.file}:${location.line}:${bytesToUnits(location.lineText, location.column) + 1}` : text,
  );
