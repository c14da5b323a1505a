/** Cross-origin requests of pages to a bucket, by its rules (S3 user guide, "Using cross-origin resource sharing"). */
import { headerValues, type HttpRequest } from "../../model/http-message.ts";
import { s3Error } from "./errors.ts";
import type { CorsRule, S3Response } from "./operation.ts";

type Headers = readonly (readonly [string, string])[];

/** What a page asks for. */
interface CrossOrigin {
  readonly origin: string;
  readonly method: string;
  /** Lower-case. */
  readonly headers: readonly string[];
}

/** The first rule that allows it. */
const ruleFor = (rules: readonly CorsRule[], asked: CrossOrigin): CorsRule | undefined =>
  rules.find(
    ({ origins, methods, headers }) =>
      matches(origins, asked.origin) &&
      methods.includes(asked.method) &&
      asked.headers.every((name) => matches(lowerCase(headers), name)),
  );

const lowerCase = (names: readonly string[]): readonly string[] => names.map((name) => name.toLowerCase());

/** A pattern has one `*` at most. */
const matches = (patterns: readonly string[], text: string): boolean =>
  patterns.some((pattern) => {
    const [start = "", end] = pattern.split("*");
    if (end === undefined) return text === start;
    return text.length >= start.length + end.length && text.startsWith(start) && text.endsWith(end);
  });

function allowing(rule: CorsRule, { origin, headers }: CrossOrigin): Headers {
  const isAny = rule.origins.includes("*");
  return [
    ["access-control-allow-origin", isAny ? "*" : origin],
    ["access-control-allow-methods", rule.methods.join(", ")],
    ...(headers.length > 0 ? [["access-control-allow-headers", headers.join(", ")] as const] : []),
    ...(rule.exposed.length > 0 ? [["access-control-expose-headers", rule.exposed.join(", ")] as const] : []),
    ...(rule.maxAge === undefined ? [] : [["access-control-max-age", String(rule.maxAge)] as const]),
    ...(isAny ? [] : [["access-control-allow-credentials", "true"] as const]),
    ["vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"],
  ];
}

/** The headers that let the page read the response; none where no rule allows it, which does not stop the request. */
export function crossOriginHeaders(request: HttpRequest, rules: readonly CorsRule[] = []): Headers {
  const [origin] = headerValues(request.headers, "origin");
  if (origin === undefined) return [];
  const asked = { origin, method: request.method, headers: [] };
  const rule = ruleFor(rules, asked);
  return rule ? allowing(rule, asked) : [];
}

/** Answers an OPTIONS request. Throws AccessForbidden (403) where no rule allows what the page asks for. */
export function preflight({ headers }: HttpRequest, rules: readonly CorsRule[] = []): S3Response {
  const [origin] = headerValues(headers, "origin");
  const [method] = headerValues(headers, "access-control-request-method");
  if (origin === undefined) throw s3Error("BadRequest", 400, "Insufficient information. Origin request header needed.");
  if (method === undefined) throw s3Error("BadRequest", 400, "Invalid Access-Control-Request-Method: null");
  const names = headerValues(headers, "access-control-request-headers").flatMap((value) => value.split(","));
  const asked = { origin, method, headers: lowerCase(names.map((name) => name.trim()).filter(Boolean)) };
  const rule = ruleFor(rules, asked);
  if (rule) return { status: 200, headers: allowing(rule, asked) };
  const reason =
    rules.length === 0
      ? "CORS is not enabled for this bucket."
      : "This CORS request is not allowed. This is usually because the evalution of Origin, request method / " +
        "Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's " +
        "CORS spec.";
  throw s3Error("AccessForbidden", 403, `CORSResponse: ${reason}`, { Method: method, ResourceType: "BUCKET" });
}
