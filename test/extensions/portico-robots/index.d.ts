/** An extension with a setting: what search engines may do with the pages around which it is. */
import type { MiddlewareHandler } from "hono";

/** In hosting.json, by settings.schema.json. */
export interface RobotsSettings {
  readonly rules: readonly ("noindex" | "nofollow" | "noarchive" | "nosnippet" | "noimageindex")[];
}

/** Sends `X-Robots-Tag`. */
export declare const robots: (settings?: RobotsSettings) => MiddlewareHandler;
