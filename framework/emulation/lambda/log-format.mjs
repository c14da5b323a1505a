/**
 * Lambda's log formats inside an environment: console writes the lines that AWS's runtime client writes (developer
 * guide, "Log formats"), text or JSON as AWS_LAMBDA_LOG_FORMAT says, from AWS_LAMBDA_LOG_LEVEL on, all to stdout.
 */
import { format } from "node:util";

const levels = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];

/** An error that a handler threw, as one line of JSON. */
const textOf = (error) => {
  const fields = (_key, value) =>
    value instanceof Error
      ? {
          errorType: value.name,
          errorMessage: value.message,
          code: value.code,
          ...value,
          stack: String(value.stack).split("\n"),
        }
      : value;
  try {
    return JSON.stringify(error, fields);
  } catch {
    return JSON.stringify({
      errorType: error.name,
      errorMessage: error.message,
      trace: String(error.stack).split("\n"),
    });
  }
};

const fieldsOf = (error) => ({
  errorType: error.constructor?.name ?? "UnknownError",
  errorMessage: error.message,
  stackTrace: typeof error.stack === "string" ? error.stack.split("\n") : [],
});

function jsonLine(timestamp, level, requestId, message, values) {
  const head = { timestamp, level, requestId };
  if (values.length > 0) {
    const error = values.find((value) => value instanceof Error);
    return JSON.stringify({ ...head, message: format(message, ...values), ...(error && fieldsOf(error)) });
  }
  try {
    return JSON.stringify({ ...head, message }, (_key, value) =>
      value instanceof Error ? { ...fieldsOf(value), ...value } : value,
    );
  } catch {
    return JSON.stringify({ ...head, message: format(message) });
  }
}

/**
 * @param requestIdOf gives the id of the running event, "-" at init
 * @returns a function that logs an error that a handler threw
 */
export function formatConsole(requestIdOf) {
  const isJson = process.env.AWS_LAMBDA_LOG_FORMAT.toUpperCase() === "JSON";
  const minimum = levels.indexOf(process.env.AWS_LAMBDA_LOG_LEVEL?.toUpperCase());
  for (const [rank, level] of levels.entries()) {
    console[level.toLowerCase()] = (message, ...values) => {
      if (rank < minimum) return;
      const time = new Date().toISOString();
      const line = isJson
        ? jsonLine(time, level, requestIdOf(), message, values)
        : [time, requestIdOf(), level, format(message, ...values)].join("\t");
      process.stdout.write(`${line.replaceAll("\n", "\r")}\n`);
    };
  }
  console.log = console.info;
  return (error) => {
    const thrown = error instanceof Error ? error : new Error(String(error));
    if (isJson) console.error(thrown);
    else console.error("Invoke Error", `\t${textOf(thrown)}`);
  };
}
