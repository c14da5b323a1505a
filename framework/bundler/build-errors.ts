/** Conversion of esbuild's errors and warnings to UserErrors and lines of text with file, line and code frame. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { BuildFailure, Message } from "esbuild";
import { codeFrame } from "../model/code-frame.ts";
import { type At, UserError } from "../model/user-error.ts";
import { chainIn } from "./import-trace.ts";
import { unresolvedFix } from "./unresolved-imports.ts";

/** True for the error that esbuild rejects with when code does not build. */
export const isBuildFailure = (error: unknown): error is BuildFailure =>
  error instanceof Error && "errors" in error && Array.isArray(error.errors);

/** Awaits an esbuild call; a failed build rejects with UserError BUILD_FAILED, or with the plugin's own UserError. */
export async function withUserErrors<T>(root: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw isBuildFailure(error) ? toUserError(root, error) : error;
  }
}

/**
 * The first error with its place, and the number of further errors.
 * @param root absolute path that esbuild's files are relative to
 */
export function toUserError(root: string, failure: BuildFailure): UserError {
  const message = failure.errors[0];
  if (!message) throw failure;
  const at = toAt(root, message);
  const place = { ...(at && { at }), cause: failure };
  const detail: unknown = message.detail;
  if (detail instanceof UserError) return new UserError(detail.code, detail.message, detail.fix, place);
  const distinct = new Set(failure.errors.map((error) => JSON.stringify([error.text, error.location])));
  const more = distinct.size > 1 ? `, and ${distinct.size - 1} more` : "";
  const fix = unresolvedFix(root, failure.errors) ?? fixOf(message) ?? "Correct the code at this place.";
  return new UserError("BUILD_FAILED", message.text + chainIn(message) + more, fix, place);
}

/**
 * esbuild counts columns in UTF-8 bytes from 0. Of a generated or deleted file, only the line in the message is known.
 */
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

/** Converts an offset in UTF-8 bytes to UTF-16 code units. */
const bytesToUnits = (text: string, bytes: number): number => Buffer.from(text).subarray(0, bytes).toString().length;

/** esbuild's own suggestion, unless it is about esbuild's options, which an app cannot set. */
const fixOf = ({ notes, location }: Message): string | undefined =>
  location?.suggestion
    ? `Write ${location.suggestion}`
    : notes.find(
        ({ text }) => /^(?:Did you mean|Consider|Use) /.test(text) && !/esbuild|external|platform|loader|--/.test(text),
      )?.text;

/** esbuild's warnings, one line each. */
export const warningTexts = (messages: readonly Message[]): readonly string[] =>
  messages.map(({ text, location }) =>
    location
      ? `${text}, at ${location.file}:${location.line}:${bytesToUnits(location.lineText, location.column) + 1}`
      : text,
  );
