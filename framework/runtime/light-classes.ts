/** What adapters and light web classes (framework/light) say to each other: an event in, a request made at once out; a response in, its text out. */
import { type HttpApiEvent, type MakeRequest, openEvent } from "./http-api.ts";
import type { Asked } from "./lambda-handler.ts";

/** An answer of text without a copy and without a promise: headers but cookies by name, none of them an encoding; a well-formed body. */
interface Whole {
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
  readonly body: string;
}

const brand = Symbol.for("portico.light");

/** What such classes have, and no others. */
type LightRequestClass = { readonly [brand]?: MakeRequest };
type LightResponseClass = { readonly [brand]?: (response: Response) => Whole | undefined };

/** As `openEvent`, on any classes. @param escape for paths that have something to escape: most have not */
export const openLight = (event: HttpApiEvent, escape: (path: string) => string): Asked =>
  openEvent(event, (path) => (/[^\w/.-]/.test(path) ? escape(path) : path), (Request as unknown as LightRequestClass)[brand]);

/** The body is used then. Undefined for a response that has to be asked in the standard's way. */
export const takeWhole = (response: Response): Whole | undefined => (Response as unknown as LightResponseClass)[brand]?.(response);
