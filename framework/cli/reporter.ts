/** The only printer: lines, results and errors in, text or JSON lines on stdout and stderr out. */
import { styleText } from "node:util";
import { UserError } from "../model/user-error.ts";

const togetherMs = 5;

/** Where commands say things. A class, since it holds the streams and how they are drawn. */
export class Reporter {
  readonly json: boolean;
  readonly verbose: boolean;

  /** Whether the terminal takes colours (TTY, NO_COLOR, FORCE_COLOR); asked once, since an access log paints three times a line. */
  readonly #colours: boolean = styleText("red", "x", { stream: process.stdout }) !== "x";
  #lines = "";

  constructor(options: { readonly json: boolean; readonly verbose: boolean }) {
    this.json = options.json;
    this.verbose = options.verbose;
  }

  /** Writes what waits to be written. A process that ends by itself does so at its end. */
  flush(): void {
    const lines = this.#lines;
    this.#lines = "";
    if (lines) process.stdout.write(lines);
  }

  /** All lines of a few milliseconds are one write: under load each costs as much as an answer. */
  #say(text: string): void {
    if (!this.#lines) setTimeout(() => this.flush(), togetherMs).unref();
    this.#lines += text;
  }

  /** Progress and explanations: to stdout for people, to nowhere in JSON mode. */
  line(text = ""): void {
    if (!this.json) this.#say(`${text}\n`);
  }

  /** Help and version: always text, to stdout, as it is. */
  text(text: string): void {
    this.#say(text);
  }

  /** What the command was asked for: `text` for people, `value` as one JSON line for machines. */
  result(text: string, value: unknown): void {
    if (this.json) this.#say(`${JSON.stringify(value)}\n`);
    else if (text) this.#say(`${text}\n`);
  }

  /** Something that goes on but should be known. */
  warn(text: string): void {
    this.flush();
    process.stderr.write(this.json ? `${JSON.stringify({ warning: text })}\n` : `${this.paint("yellow", "warning")} ${text}\n`);
  }

  /** A user's mistake without a stack; a bug with it and its causes. */
  error(error: unknown): void {
    this.flush();
    if (error instanceof UserError) this.#userError(error);
    else if (this.json)
      process.stderr.write(`${JSON.stringify({ error: { code: "BUG", message: String(error), stack: (error as Error)?.stack } })}\n`);
    else {
      const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
      process.stderr.write(`${this.paint("red", "bug in portico")}: ${stack}\n`);
      for (let cause = (error as Error)?.cause; cause !== undefined; cause = (cause as Error)?.cause) {
        process.stderr.write(`caused by: ${cause instanceof Error ? cause.stack : JSON.stringify(cause)}\n`);
      }
    }
  }

  #userError(error: UserError): void {
    const { code, message, fix, at } = error;
    if (this.json) {
      process.stderr.write(`${JSON.stringify({ error: { code, message, fix, at } })}\n`);
      return;
    }
    const places = at.map(({ file, line, column }) => [file, line, column].filter((part) => part !== undefined).join(":"));
    process.stderr.write(`${this.paint("red", `error ${code}`)}: ${message}${places.length ? `, at ${places.join(" and ")}` : ""}\n`);
    for (const { frame } of at) if (frame) process.stderr.write(`\n${frame}\n\n`);
    process.stderr.write(`${this.paint("green", "fix")}: ${fix}\n`);
    if (this.verbose && error.cause)
      process.stderr.write(`caused by: ${error.cause instanceof Error ? error.cause.stack : JSON.stringify(error.cause)}\n`);
  }

  /** Colours as the terminal allows them. */
  paint(style: Parameters<typeof styleText>[0], text: string): string {
    return this.#colours ? styleText(style, text, { validateStream: false }) : text;
  }
}
