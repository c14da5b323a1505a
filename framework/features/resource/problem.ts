/** Refusals as application/problem+json (RFC 9457), and the places of what is wrong in a request. */
import type { SchemaIssue } from "./standard-schema.ts";

/** The parts of a request that schemas check. */
export type Part = "path" | "query" | "body";

/** One thing that is wrong with a request. */
export interface InputError {
  readonly in: Part;
  /** In the body: a JSON Pointer as URI fragment (RFC 6901 section 6), such as `#/tags/0`. */
  readonly pointer?: string;
  /** Elsewhere: the name of the parameter; absent where it is all of them. */
  readonly name?: string;
  readonly detail: string;
}

/** The body of a refusal; `type` is `about:blank`, which may be left out. */
export interface Problem {
  /** The status in words (RFC 9457 section 4.2.1). */
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  readonly errors?: readonly InputError[];
}

/** RFC 9110 section 15.5. */
const titles = {
  400: "Bad Request",
  406: "Not Acceptable",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
} as const;

/** How many errors an answer has at most: a large body can have more than an answer has room for. */
const mostErrors = 100;

/** A refusal. @param headers are added */
export const refuse = (
  status: keyof typeof titles,
  detail: string | readonly InputError[],
  headers?: Readonly<Record<string, string>>,
): Response =>
  Response.json(
    {
      title: titles[status],
      status,
      ...(typeof detail === "string" ? { detail } : { errors: detail.slice(0, mostErrors) }),
    } satisfies Problem,
    { status, headers: { ...headers, "content-type": "application/problem+json" } },
  );

const keyOf = (step: NonNullable<SchemaIssue["path"]>[number]): string =>
  String(typeof step === "object" ? step.key : step);

const toToken = (key: string): string =>
  encodeURIComponent(key.toWellFormed().replaceAll("~", "~0").replaceAll("/", "~1"));

/** `#/tags/0` for `["tags", 0]`, `#` for the whole value. */
export const pointerOf = ({ path = [] }: SchemaIssue): string =>
  ["#", ...path.map((step) => toToken(keyOf(step)))].join("/");

/** What a schema said about a part. */
export const toErrors = (part: Part, issues: readonly SchemaIssue[]): readonly InputError[] =>
  issues.slice(0, mostErrors).map((issue) => {
    const [first] = issue.path ?? [];
    return {
      in: part,
      ...(part === "body" ? { pointer: pointerOf(issue) } : first !== undefined && { name: keyOf(first) }),
      detail: issue.message,
    };
  });
