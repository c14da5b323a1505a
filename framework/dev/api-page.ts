/** The page of `portico dev` that shows an app's API and sends requests to it, and the description that it reads. */
import { readFileSync } from "node:fs";
import { type HttpRequest, type HttpResponse, jsonResponse } from "../model/http-message.ts";
import { UserError } from "../model/user-error.ts";
import type { OpenApiDocument } from "./openapi-document.ts";

/** Paths of Portico's own, which no route has. */
const apiPagePath = "/.portico/api";
const documentPath = "/.portico/openapi.json";

/**
 * The response to a GET of the page or of the description; undefined for other requests. The description is made anew
 * each time, since an edit may have changed it.
 */
export async function apiPageResponse(
  { method, target }: HttpRequest,
  describe: () => Promise<OpenApiDocument>,
): Promise<HttpResponse | undefined> {
  const [path] = target.split("?", 1);
  if (method !== "GET" || (path !== apiPagePath && path !== documentPath)) return undefined;
  if (path === documentPath) return describe().then((document) => jsonResponse(200, document), failureOf);
  return {
    status: 200,
    headers: [
      ["content-type", "text/html; charset=utf-8"],
      ["cache-control", "no-store"],
      [
        "content-security-policy",
        "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; " +
          "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      ],
    ],
    body: readFileSync(new URL("./api-page.html", import.meta.url)),
  };
}

function failureOf(error: unknown): HttpResponse {
  if (!(error instanceof UserError)) throw error;
  const { code, message, fix, at } = error;
  return jsonResponse(500, { error: message, code, fix, at });
}
