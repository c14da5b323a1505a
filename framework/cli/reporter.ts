/** Prints lines, results and errors of commands to stdout and stderr, as text or as JSON lines. */
import { styleText } from "node:util";
import { UserError } from "../model/user-error.ts";

/** Milliseconds in which lines are collected into one write. */
const batchMs = 5;

/** The output of a command. A class, since it holds lines that are not yet written. */
export class Reporter {
  readonly json: boolean;
  readonly verbose: boolean;

  /** Whether to print colours (TTY, NO_COLOR, FORCE_COLOR). Read once, since each access log line paints thrice. */
  readonly colours: boolean = styleText("red", "x", { stream: process.stdout }) !== "x";
  #lines = "";

  constructor(options: { readonly json: boolean; readonly verbose: boolean }) {
    this.json = options.json;
    this.verbose = options.verbose;
  }

  /** Writes the collected lines. main calls it at the end of a command. */
  flush(): void {
    const lines = this.#lines;
    this.#lines = "";
    if (lines) process.stdout.write(lines);
  }

  /** Collects lines for one write, since under load each write costs as much as a response. */
  #write(text: string): void {
    if (!this.#lines) setTimeout(() => this.flush(), batchMs).unref();
    this.#lines += text;
  }

  /** Prints progress and explanations, except in JSON mode. */
  line(text = ""): void {
    if (!this.json) this.#write(`${text}\n`);
  }

  /** Prints help or version as text in every mode. */
  text(text: string): void {
    this.#write(text);
  }

  /** Prints a result of the command: `text` for people, `value` as one JSON line for machines. */
  result(text: string, value: unknown): void {
    if (this.json) this.#write(`${JSON.stringify(value)}\n`);
    else if (text) this.#write(`${text}\n`);
  }

  /** Prints a warning. The command continues. */
  warn(text: string): void {
    this.flush();
    process.stderr.write(
      this.json ? `${JSON.stringify({ warning: text })}\n` : `${this.paint("yellow", "warning")} ${text}\n`,
    );
  }

  /** Prints a user's mistake without a stack, or a bug with its stack and causes. */
  error(error: unknown): void {
    this.flush();
    if (error instanceof UserError) this.#userError(error);
    else if (this.json) process.stderr.write(`${JSON.stringify({ error: bugRecord(error) })}\n`);
    else {
      process.stderr.write(`${this.paint("red", "bug in portico")}: ${textOf(error)}\n`);
      this.#causes(error);
    }
  }

  #userError(error: UserError): void {
    const { code, message, fix, at } = error;
    if (this.json) {
      process.stderr.write(`${JSON.stringify({ error: { code, message, fix, at } })}\n`);
      return;
    }
    const places = at.map(({ file, line, column }) =>
      [file, line, column].filter((part) => part !== undefined).join(":"),
    );
    process.stderr.write(
      `${this.paint("red", `error ${code}`)}: ${message}${places.length ? `, at ${places.join(" and ")}` : ""}\n`,
    );
    for (const { frame } of at) if (frame) process.stderr.write(`\n${frame}\n\n`);
    process.stderr.write(`${this.paint("green", "fix")}: ${fix}\n`);
    if (this.verbose) this.#causes(error);
  }

  #causes(error: unknown): void {
    for (const cause of causesOf(error)) process.stderr.write(`caused by: ${textOf(cause)}\n`);
  }

  /** The text in a colour or style, where the terminal has colours. */
  paint(style: Parameters<typeof styleText>[0], text: string): string {
    return this.colours ? styleText(style, text, { validateStream: false }) : text;
  }
}

function textOf(error: unknown): string {
  if (error instanceof Error) return error.stack ?? error.message;
  return typeof error === "string" ? error : String(JSON.stringify(error));
}

const bugRecord = (error: unknown): object => ({
  code: "BUG",
  message: String(error),
  stack: (error as Error | undefined)?.stack,
  ...(causesOf(error).length > 0 && { causes: causesOf(error).map(textOf) }),
});

/** All causes of an error, each once: its cause, the errors in an AggregateError, and their causes. */
function causesOf(error: unknown): readonly unknown[] {
  const found = new Set<unknown>([error]);
  for (const one of found) {
    const held: readonly unknown[] = one instanceof AggregateError ? one.errors : [];
    for (const cause of [...held, (one as Error | null | undefined)?.cause]) if (cause !== undefined) found.add(cause);
  }
  return [...found].slice(1);
}
