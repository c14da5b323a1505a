/** An app of routes below `session()` and `csrf()` in process, and browsers that keep its cookies. */
import type { Context, Handler } from "portico";
import { csrf, session, type SessionOptions } from "portico/session";
import { store } from "portico/store";
import { createCall } from "../../../framework/node/testing.ts";
import { errorResponse } from "../../../framework/runtime/error-response.ts";
import { withMiddleware } from "../../../framework/runtime/middleware.ts";

export const firstKey = "a-first-key-of-at-least-32-characters";
export const secondKey = "another-key-of-at-least-32-characters";

/** What an app is made of; by default with the store, and one key. */
export interface AppOptions extends SessionOptions {
  readonly keys?: string | undefined;
  readonly address?: string;
  /** Data of the store; by default another for each app is not needed, since ids are random. */
  readonly origin?: string;
}

type Routes = Readonly<Record<string, Handler>>;

/** A request as a browser sends it. */
export interface Visit {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly address?: string;
}

export interface Browser {
  visit(path: string, visit?: Visit): Promise<Response>;
  /** The text of a page. */
  read(path: string, visit?: Visit): Promise<string>;
  /** `name=value`, or empty. */
  cookie: string;
}

/** An app; each browser has cookies of its own. */
export function createApp(routes: Routes, options: AppOptions = {}) {
  const { keys = firstKey, origin = "http://localhost", ...sessionOptions } = options;
  const middleware = [csrf(), session({ store, ...sessionOptions })];
  const handler = withMiddleware((request, context) => {
    const { pathname } = new URL(request.url);
    return routes[pathname]!(request, context);
  }, middleware);
  const fetch = async (request: Request, address = "192.0.2.1"): Promise<Response> => {
    const call = createCall({ env: { SESSION_KEYS: keys } as never, clientAddress: address });
    const context: Context = { ...call, params: {}, var: {} };
    try {
      return await handler(request, context);
    } catch (error) {
      return errorResponse(error, call);
    }
  };
  return { fetch, browse: (cookie = ""): Browser => createBrowser(fetch, origin, cookie) };
}

function createBrowser(
  fetch: (request: Request, address?: string) => Promise<Response>,
  origin: string,
  first: string,
): Browser {
  const browser: Browser = {
    cookie: first,
    async visit(path, { method = "GET", headers = {}, address } = {}) {
      const own = { accept: "text/html", "sec-fetch-site": "same-origin", cookie: browser.cookie, ...headers };
      const response = await fetch(new Request(origin + path, { method, headers: own }), address);
      for (const line of response.headers.getSetCookie()) {
        const [pair = "", ...attributes] = line.split("; ");
        browser.cookie = attributes.includes("Max-Age=0") ? "" : pair;
      }
      return response;
    },
    read: async (path, visit) => (await browser.visit(path, visit)).text(),
  };
  return browser;
}
