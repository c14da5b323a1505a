/** Stands around uploaded code while it is inspected: its main module's exports in, a Worker that tells their handlers out. */

const known = ["fetch", "scheduled", "queue", "email", "tail", "trace", "tailStream", "alarm", "connect", "test"];
const handlersOf = (value) => known.filter((name) => typeof value?.[name] === "function" || typeof value?.prototype?.[name] === "function");

/* In workerd's words, which refuses such an export only when the version is started for real. */
const isEntry = (value) => typeof value === "function" || (typeof value === "object" && value !== null);
const refusalOf = (name) =>
  `Uncaught TypeError: Incorrect type for map entry '${name}': the provided value is not of type 'function or ExportedHandler'.`;

const describe = (main) => {
  const handlers = handlersOf(main.default);
  const named = Object.entries(main)
    .filter(([name]) => name !== "default")
    .map(([name, value]) => ({ name, handlers: handlersOf(value) }))
    .filter((entry) => entry.handlers.length > 0);
  const [wrong] = Object.entries(main).find(([, value]) => !isEntry(value)) ?? [];
  if (wrong !== undefined && handlers.length + named.length > 0) return { error: refusalOf(wrong) };
  return { hasDefault: "default" in main, handlers, named };
};

export const inspect = (main) => ({ fetch: () => Response.json(describe(main)) });
