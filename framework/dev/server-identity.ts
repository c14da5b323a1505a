/** Tells `portico invoke` which app the dev server on a port serves; the question is a request header of its own. */
import { request as httpRequest } from "node:http";
import { text } from "node:stream/consumers";
import { headerValues, type HttpRequest, type HttpResponse, jsonResponse } from "../model/http-message.ts";
import { checkControl } from "../http/guard.ts";

/** The app that a dev server serves. */
export interface ServerIdentity {
  /** Absolute path of the app. */
  readonly root: string;
}

/** A page of another origin needs a preflight to send this header, and no response allows it. */
const header = "portico-whose";

/** Milliseconds until a server that does not answer is given up. */
const timeoutMs = 2000;

/** The response to a request with that header; undefined for all other requests, whatever their path. */
export function identityResponse(request: HttpRequest, { root }: ServerIdentity): HttpResponse | undefined {
  if (headerValues(request.headers, header).length === 0) return undefined;
  return checkControl(request) ?? jsonResponse(200, { porticoDev: 1, root });
}

/**
 * Requests the identity of the server on a port of this machine.
 * @returns undefined for a server other than `portico dev`. Rejects where none answers.
 */
export function requestIdentity(port: number): Promise<ServerIdentity | undefined> {
  return new Promise((done, fail) => {
    const request = httpRequest({
      host: "127.0.0.1",
      port,
      path: "/",
      headers: { [header]: "?" },
      agent: false,
      timeout: timeoutMs,
    });
    request.on("response", (response) => void text(response).then((body) => done(toIdentity(body)), fail));
    request.on("timeout", () =>
      request.destroy(Object.assign(new Error(`no answer in ${timeoutMs} ms`), { code: "ETIMEDOUT" })),
    );
    request.on("error", fail);
    request.end();
  });
}

function toIdentity(body: string): ServerIdentity | undefined {
  try {
    const { porticoDev, root } = JSON.parse(body) as Readonly<Record<string, unknown>>;
    return porticoDev === 1 && typeof root === "string" ? { root } : undefined;
  } catch {
    // The page of another server.
    return undefined;
  }
}
