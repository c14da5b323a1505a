/** A browser's cookies, as far as a case needs them: answers in, the Cookie header of the next request out. */
import { type Answer, type Ask, valuesOf } from "./case.ts";

/** Cookies by name; a class, since it is held through a story. Paths and domains are not kept apart: a case has one site. */
export class Jar {
  readonly #cookies = new Map<string, string>();

  /** Takes over what an answer sets, and drops what it ends (Max-Age=0). */
  keep(answer: Answer): void {
    for (const line of valuesOf(answer, "set-cookie")) {
      const [pair = "", ...attributes] = line.split(/;\s*/);
      const at = pair.indexOf("=");
      if (attributes.some((attribute) => /^max-age=0$/i.test(attribute))) this.#cookies.delete(pair.slice(0, at));
      else this.#cookies.set(pair.slice(0, at), pair.slice(at + 1));
    }
  }

  /** The request with the cookies added; one that brings its own stays as it is. */
  dress(ask: Ask): Ask {
    if (this.#cookies.size === 0 || ask.headers?.some(([name]) => name.toLowerCase() === "cookie")) return ask;
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    return { ...ask, headers: [...(ask.headers ?? []), ["Cookie", cookie]] };
  }
}
