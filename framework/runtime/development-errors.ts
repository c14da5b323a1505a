/** Error messages for wrong exports and return values of route files; only development builds include them. */

/** A value as a noun with its article: `a string`, `undefined`, `an array`. */
function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (Array.isArray(value)) return "an array";
  if (typeof value === "function")
    return /^class\b/.test(Function.prototype.toString.call(value)) ? "a class" : "a function";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** What to write instead. */
function hint(value: unknown): string {
  if (value === undefined) return "is a return missing?";
  return typeof value === "string" ? "write return new Response(text)" : "write return Response.json(value)";
}

/** For a return value that cannot be sent. */
export const returnValueMessage = (given: Response | undefined): string => {
  if (typeof given?.clone !== "function")
    return `The handler returned ${kindOf(given)}, not a Response; ${hint(given)}`;
  return `The handler returned ${given.status ? "a Response whose body was read before" : "Response.error()"}`;
};

/** For a default export without `fetch`. */
export const appMessage = (given: unknown): string =>
  `The default export is ${kindOf(given)} without fetch; export GET, POST, … or, as default, ` +
  "an app with fetch(request), such as Hono's";

/** For an export that is named after a method and is no function. */
export const handlerMessage = (method: string, given: unknown): string =>
  `${method} is ${kindOf(given)}, not a function; write export const ${method} = (request) => new Response("…")`;

/** For the default export of a `_middleware` file. */
export const middlewareMessage = (given: unknown): string =>
  `The default export of a _middleware file is ${kindOf(given)}, not a function or an array of functions; ` +
  "write export default [csrf()]";
