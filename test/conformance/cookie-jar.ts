/** Stores the cookies of responses, and adds them to requests, as a browser does. */
import { type Answer, type Ask, valuesOf } from "./case.ts";

/** Cookies by name, without their paths and domains, since a case has one site. */
export class CookieJar {
  readonly #cookies = new Map<string, string>();

  /** Stores the cookies of a response, and deletes those with Max-Age=0. */
  store(answer: Answer): void {
    for (const line of valuesOf(answer, "set-cookie")) {
      const [pair = "", ...attributes] = line.split(/;\s*/);
      const at = pair.indexOf("=");
      if (attributes.some((attribute) => /^max-age=0$/i.test(attribute))) this.#cookies.delete(pair.slice(0, at));
      else this.#cookies.set(pair.slice(0, at), pair.slice(at + 1));
    }
  }

  /** The request with the cookies; one with its own Cookie header stays as it is. */
  withCookies(ask: Ask): Ask {
    if (this.#cookies.size === 0 || ask.headers?.some(([name]) => name.toLowerCase() === "cookie")) return ask;
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    return { ...ask, headers: [...(ask.headers ?? []), ["Cookie", cookie]] };
  }
}
