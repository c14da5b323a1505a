/** Lines that functions logged: what they say of level, route and request, and how a terminal shows them. */
import { logLevels } from "../model/app.ts";
import { UserError } from "../model/user-error.ts";
import { textFlag } from "./flags.ts";
import type { Reporter } from "./reporter.ts";

type Level = (typeof logLevels)[number];

/** A line of a stage's log. */
export interface LoggedLine {
  readonly text: string;
  /** As the platform tells it, where it does: `log`, `error`, `exception`. */
  readonly level?: string;
  /** `GET /users/7`, where the platform tells the request that caused it. */
  readonly request?: string;
}

/** Which lines to print; all without any. */
export interface LogFilter {
  /** The least urgent level; lines without one are left out. */
  readonly level?: Level;
  /** A path pattern, such as `/users/:id`, of lines whose platform does not tell routes apart. */
  readonly route?: string;
  /** A request's id. */
  readonly request?: string;
}

/** The flags `--level`, `--route` and `--request`. Throws UserError BAD_LEVEL. */
export function logFilter(input: Parameters<typeof textFlag>[0]): LogFilter {
  const [level, route, request] = ["level", "route", "request"].map((name) => textFlag(input, name));
  if (level !== undefined && !logLevels.some((known) => known === level))
    throw new UserError("BAD_LEVEL", `there is no level "${level}"`, `Use --level ${logLevels.join(", ")}.`);
  return {
    ...(level !== undefined && { level: level as Level }),
    ...(route !== undefined && { route }),
    ...(request !== undefined && { request }),
  };
}

type Members = Readonly<Record<string, unknown>>;

/** The members of a line of `portico/log`; undefined for any other line. */
function membersOf(text: string): (Members & { readonly level: Level; readonly message: unknown }) | undefined {
  if (!text.startsWith('{"level":"')) return undefined;
  try {
    const value = JSON.parse(text) as Members & { readonly level: Level; readonly message: unknown };
    return logLevels.includes(value.level) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Of a line of `console` in Lambda's text format: time, request id, level, text, by tabs. */
const lambdaText = /^\d{4}-[\d:.T-]+Z\t[^\t]*\t(DEBUG|INFO|WARN|ERROR)\t/;

/** A line of Lambda itself about an invocation that ended by a timeout, or with its process. */
const lambdaFailure = /^(?:\S+Z \S+ Task timed out after |RequestId: \S+ Error: )/;

const platformLevels: Readonly<Record<string, Level>> = { log: "info", exception: "error" };

function levelOf({ text, level = "" }: LoggedLine): Level | undefined {
  if (lambdaFailure.test(text)) return "error";
  const told = membersOf(text)?.level ?? lambdaText.exec(text)?.[1]?.toLowerCase() ?? platformLevels[level] ?? level;
  return logLevels.find((known) => known === told);
}

/** Whether a line is one of those that the filter names. */
export function isWanted(line: LoggedLine, { level, route, request }: LogFilter): boolean {
  const own = levelOf(line);
  if (level !== undefined && (own === undefined || logLevels.indexOf(own) < logLevels.indexOf(level))) return false;
  if (route !== undefined && !isOfRoute(line, route)) return false;
  return request === undefined || isOfRequest(line, request);
}

/**
 * Where lines other than those of `portico/log` have a request's id: Lambda's own, those of `console` on Lambda and a
 * timeout, and an error of a route without the log.
 */
const requestIds = [/\bRequestId: (\S+)/, /^\d{4}-[\d:.T-]+Z[\t ](\S+)/, /^(\S+) /];

function isOfRequest({ text }: LoggedLine, id: string): boolean {
  const members = membersOf(text);
  return members ? members["requestId"] === id : requestIds.some((place) => place.exec(text)?.[1] === id);
}

/** By the line's own route; of other lines by the path of the request, where it is known, else all. */
function isOfRoute({ text, request }: LoggedLine, route: string): boolean {
  const own = membersOf(text)?.["route"];
  const pattern = route.replaceAll(/\{([^}]+)\}/g, ":$1");
  if (own !== undefined) return own === pattern;
  const path = request?.slice(request.indexOf(" ") + 1);
  return path === undefined || pathPattern(pattern).test(path);
}

/** `/files/:path+` and `/notes/:path*` match as the router's patterns do. */
function pathPattern(pattern: string): RegExp {
  const source = pattern
    .split("/")
    .slice(1)
    .map((segment) => {
      if (!segment.startsWith(":")) return `/${segment.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}`;
      return { "+": "/.+", "*": "(?:/.*)?" }[segment.at(-1) ?? ""] ?? "/[^/]+";
    });
  return new RegExp(`^${source.join("")}$`);
}

const colours = { debug: "dim", info: "green", warn: "yellow", error: "red" } as const;

/**
 * A line as a terminal shows it: the level in a colour, the message, and the other members as `name=value`, an error
 * with its stack and causes below. Where no colours are shown, and for any other line, the text as it is.
 */
export function formatLine(line: LoggedLine, reporter: Reporter): string {
  const members = membersOf(line.text);
  if (!members || !reporter.colours) return plainLine(line, reporter);
  const { level, message, error, ...rest } = members;
  const fields = Object.entries(rest).map(([name, value]) => `${reporter.paint("dim", `${name}=`)}${shortText(value)}`);
  const head = [reporter.paint(colours[level], level.toUpperCase().padEnd(5)), shortText(message), ...fields].join(" ");
  return [head, ...errorLines(error)].join("\n  ");
}

/** The level of a platform that tells it apart from the text. */
function plainLine({ text, level = "log" }: LoggedLine, reporter: Reporter): string {
  if (level === "log" || text.startsWith('{"level":"')) return text;
  return `${reporter.paint(level === "warn" ? "yellow" : "red", level)} ${text}`;
}

/** A text is shown as it is, unless it has control characters, which could move the cursor. */
function shortText(value: unknown): string {
  // oxlint-disable-next-line no-control-regex
  return typeof value === "string" && !/[\0-\x1f\x7f-\x9f]/.test(value) ? value : JSON.stringify(value);
}

function errorLines(error: unknown): readonly string[] {
  if (error === undefined) return [];
  const { name, message, stack, code, cause } = (Object(error) === error ? error : { message: error }) as Members;
  const text =
    typeof stack === "string"
      ? stack
      : [name, message].flatMap((word) => (word === undefined ? [] : shortText(word))).join(": ");
  const [first = "", ...more] = text.split("\n").map((part) => shortText(part));
  const causes = errorLines(cause);
  return [
    code === undefined ? first : `${first} (${shortText(code)})`,
    ...more,
    ...causes.map((part, at) => (at === 0 ? `caused by: ${part}` : part)),
  ];
}
