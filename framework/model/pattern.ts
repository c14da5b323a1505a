/**
 * Path patterns: parses a route file's name into segments, and writes them for people, regular expressions and keys.
 */
import { escapePath } from "../runtime/path.ts";
import type { Segment } from "./route.ts";
import { UserError } from "./user-error.ts";

/** The file extensions of routes and middleware. */
export const codeExtension = /\.(?:[tj]sx?|m[tj]s)$/;

/**
 * The pattern of a file. Names are normalised to NFC (macOS decomposes them) and compared with a request's decoded
 * segments. Throws UserError ROUTE_NAME for an invalid name.
 * @param file relative to the app's root: `functions/users/[id].ts`
 */
export function parseRouteFile(file: string): readonly Segment[] {
  // esbuild reads a star in an entry point as a file pattern.
  if (file.includes("*")) throw nameError(file, '"*" cannot be in the name of a route\'s file or folder', renameFix);
  const names = file.normalize("NFC").replace(codeExtension, "").split("/").slice(1);
  if (/^\(.*\)$/.test(names.at(-1) ?? ""))
    throw nameError(
      file,
      `"${names.at(-1)}" groups routes, so it must be a folder`,
      "Make it a folder and put the route inside.",
    );
  if (names.at(-1) === "index") names.pop();
  const segments = names.filter((name) => !/^\(.*\)$/.test(name)).map((name) => parseSegment(name, file));
  checkSegments(segments, file);
  return segments;
}

/** The pattern for people: `/users/:id`, `/files/:path+`, `/notes/:path*`. */
export const displayPattern = (segments: readonly Segment[]): string =>
  write(segments, (segment) => `:${segment.name}${displaySuffix[segment.kind]}`);

/** The pattern as its file has it, without groups: `/users/[id]`, `/files/[...path]`, `/notes/[[...path]]`. */
export const filePattern = (segments: readonly Segment[]): string =>
  write(segments, ({ kind, name }) => {
    if (kind === "param") return `[${name}]`;
    return kind === "rest" ? `[...${name}]` : `[[...${name}]]`;
  });

const displaySuffix = { param: "", rest: "+", "optional-rest": "*" } as const;

/** The pattern without its param names: two routes of equal shape match the same paths. */
export const shape = (segments: readonly Segment[]): string => write(segments, ({ kind }) => `{${kind}}`);

/** The path of an HTTP API's route key: `/users/{id}`, `/files/{path+}`. Static parts are decoded, as in its events. */
export const keyPath = (segments: readonly Segment[]): string =>
  write(segments, ({ kind, name }) => {
    if (kind === "optional-rest") throw new Error("a key has no optional part: expand the route first");
    return kind === "rest" ? `{${name}+}` : `{${name}}`;
  });

type Wildcard = Exclude<Segment, { kind: "static" }>;

const write = (segments: readonly Segment[], wildcard: (segment: Wildcard) => string): string =>
  `/${segments.map((segment) => (segment.kind === "static" ? segment.value : wildcard(segment))).join("/")}`;

/**
 * Source for `new RegExp(…)` over the canonical path (runtime/path.ts), params as named groups. A rest is at least one
 * character and does not begin with a slash, as the HTTP API's greedy variables.
 */
export const regexpSource = (segments: readonly Segment[]): string => `^${pathSource(segments, ["[^/]", "."])}$`;

/** `regexpSource` for a request's complete URL, so that its path need not be extracted first. */
export const urlRegexpSource = (segments: readonly Segment[]): string =>
  `^\\w+://[^/]+${pathSource(segments, ["[^/?#]", "[^?#]"])}(?![^?#])`;

/** Regular expressions for a character of a segment and of a path. */
type Characters = readonly [inSegment: string, any: string];

function pathSource(segments: readonly Segment[], [inSegment, any]: Characters): string {
  const source = (segment: Segment): string => {
    if (segment.kind === "param") return `/(?<${segment.name}>${inSegment}+)`;
    if (segment.kind !== "static") return `/(?<${segment.name}>${inSegment}${any}*)`;
    return `/${canonicalSegment(segment.value).replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`;
  };
  const last = segments.at(-1);
  if (last?.kind !== "optional-rest") return segments.map(source).join("") || "/";
  const prefix = segments.slice(0, -1).map(source).join("");
  return prefix ? `${prefix}(?:${source(last)})?` : `/${source(last).slice(1)}?`;
}

/** One decoded segment in canonical form. */
export const canonicalSegment = (value: string): string => escapePath(value).replaceAll("/", "%2F");

/** The longest id. */
export const idLength = 40;

/**
 * A name for the route's function, `[a-z0-9-]{1,40}`. Two patterns may have the same one. It is never `assets`, the
 * name of the function that serves the static files.
 */
export function routeId(segments: readonly Segment[]): string {
  if (segments.length === 0) return "index";
  const text = segments.map((segment) => (segment.kind === "static" ? segment.value : segment.name)).join("-");
  const slug = text
    .toLowerCase()
    .replace(/[^\0-\x7f]/gu, (character) => `-u${character.codePointAt(0)?.toString(16)}-`)
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, idLength)
    .replace(/^-|-$/g, "");
  return slug === "assets" ? "assets-route" : slug || "route";
}

const bracketed = /^\[(?<optional>\[)?(?<dots>\.\.\.)?(?<name>[^[\]]*)\](?<close>\])?$/;

function parseSegment(text: string, file: string): Segment {
  if (!/[[\]]/.test(text)) return parseStatic(text, file);
  const { optional, dots, name = "", close } = bracketed.exec(text)?.groups ?? {};
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || name === "__proto__" || Boolean(optional) !== Boolean(close))
    throw bracketError(text, name, file);
  if (dots) return { kind: optional ? "optional-rest" : "rest", name };
  if (optional)
    throw nameError(
      file,
      `"${text}": only a rest param can be optional`,
      `Write [${name}] here and serve the path without it from index.ts, or write [[...${name}]].`,
    );
  return { kind: "param", name };
}

const renameFix = "Rename the file or folder; a param is written [name], and [...name] takes all that follows.";

function parseStatic(text: string, file: string): Segment {
  // oxlint-disable-next-line no-control-regex -- control characters are what it matches
  const bad = /[{}\x00-\x1f\x7f]/.exec(text)?.[0];
  if (bad !== undefined) throw nameError(file, `${JSON.stringify(bad)} cannot be in a route's path`, renameFix);
  return { kind: "static", value: text };
}

function bracketError(text: string, name: string, file: string): UserError {
  if (!bracketed.test(text))
    return nameError(
      file,
      `"${text}": a param must be a whole segment`,
      "Name the file or folder [name], [...name] or [[...name]], and take the value apart in the handler.",
    );
  return nameError(
    file,
    `"${text}": "${name}" is no param name`,
    "Use letters, digits and _ for a param's name, and begin with a letter or _.",
  );
}

function checkSegments(segments: readonly Segment[], file: string): void {
  const names = new Set<string>();
  for (const [index, segment] of segments.entries()) {
    if (segment.kind === "static") continue;
    const { kind, name } = segment;
    if (kind !== "param" && index < segments.length - 1)
      throw nameError(
        file,
        `[...${name}] is not the last part of the path`,
        "Move what follows it into the handler, or use [name] for a single segment.",
      );
    if (names.has(name)) throw nameError(file, `the param "${name}" is there twice`, "Give each param its own name.");
    names.add(name);
  }
}

const nameError = (file: string, message: string, fix: string): UserError =>
  new UserError("ROUTE_NAME", message, fix, { at: { file } });
