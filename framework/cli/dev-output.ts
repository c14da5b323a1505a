/** Prints the events of `portico dev`: as text for people, as one JSON object per line for machines. */
import type { DevEvent, ReportEvent } from "../dev/dev-event.ts";
import { accessJson, formatAccess } from "../http/access-log.ts";
import { countText, jobLines, jobLineText } from "./job-line.ts";
import { formatLog } from "./log-output.ts";
import type { Reporter } from "./reporter.ts";

type Event<Type extends DevEvent["type"]> = Extract<DevEvent, { readonly type: Type }>;

/** A printer of events. */
export function printEvents(reporter: Reporter): ReportEvent {
  return (event) => {
    switch (event.type) {
      case "access":
        return printAccess(reporter, event);
      case "log":
        return reporter.result(formatLog(event.line, reporter), { type: "log", ...event.line });
      case "failure":
        return printFailure(reporter, event);
      case "job":
        return printJob(reporter, event);
      case "changed":
        return printChanged(reporter, event);
      case "routes":
        return printRoutes(reporter, event);
      case "serving-app":
        return printApp(reporter, event);
      case "serving-files":
        return reporter.result(`${event.url}  serves the files in ${event.root}`, {
          type: "listening",
          url: event.url,
          root: event.root,
        });
      case "made-secret":
        return printSecret(reporter, event);
      case "database":
        return reporter.line(event.text);
      case "warning":
        return reporter.warn(event.text);
      case "error":
        return reporter.error(event.error);
    }
  };
}

function printAccess(reporter: Reporter, { record }: Event<"access">): void {
  if (reporter.json) return reporter.result("", accessJson(record));
  reporter.result(
    formatAccess(record, (style, text) => reporter.paint(style, text)),
    undefined,
  );
}

function printFailure(reporter: Reporter, { report: { failure, route, file }, excerpt }: Event<"failure">): void {
  const { frame, cycle, name, message, stack } = failure;
  const place = frame ? `${frame.file}:${frame.line}:${frame.column}` : file;
  const text = [`${reporter.paint("red", name)}: ${message}`, `  in ${route}, ${place}`, ...excerpt].join("\n");
  reporter.result(text, { type: "failure", route, file, name, message, stack, ...(cycle && { cycle }) });
}

function printJob(reporter: Reporter, { run, file, failure, excerpt }: Event<"job">): void {
  const { job, id, attempt, ms, outcome, after } = run;
  const result = {
    done: reporter.paint("green", "done"),
    retry: reporter.paint("yellow", `failed, again in ${after} s`),
    wait: reporter.paint("yellow", `is no job of this app, asked again in ${after} s`),
    dead: reporter.paint("red", "dead: portico jobs dead lists it"),
  }[outcome];
  const line = `job ${job} ${result}  ${reporter.paint("dim", `attempt ${attempt}, ${ms} ms, ${id}`)}`;
  const place = failure?.frame ? `${failure.frame.file}:${failure.frame.line}:${failure.frame.column}` : file;
  const error = failure ? [`${reporter.paint("red", failure.name)}: ${failure.message}`, `  in ${place}`] : [];
  const told = failure && { name: failure.name, message: failure.message, stack: failure.stack };
  reporter.result([line, ...error, ...excerpt].join("\n"), { type: "job", ...run, ...(told && { failure: told }) });
}

function printChanged(reporter: Reporter, { functions }: Event<"changed">): void {
  const more = functions.length > 5 ? ` and ${functions.length - 5} more` : "";
  reporter.line(reporter.paint("dim", `changed: ${functions.slice(0, 5).join(", ")}${more}`));
}

function printRoutes(reporter: Reporter, { added, removed }: Event<"routes">): void {
  const textOf = (word: string, routes: typeof added): readonly string[] =>
    routes.map(({ pattern, file }) => `${word}: ${pattern}  ${file}`);
  const pick = (routes: typeof added) => routes.map(({ pattern, file }) => ({ pattern, file }));
  const lines = [...textOf("new route", added), ...textOf("gone", removed)];
  reporter.result(reporter.paint("dim", lines.join("\n")), {
    type: "routes",
    added: pick(added),
    removed: pick(removed),
  });
}

/** A generated secret is of this machine only, so that it may be printed, once. */
function printSecret(reporter: Reporter, { secret: { name, value, extensions } }: Event<"made-secret">): void {
  const owner = extensions ? `; ${extensions.join(" and ")} may need a real one: write ${name}=… into .env` : "";
  const note = reporter.paint("dim", `(kept in .portico/secrets.json${owner})`);
  reporter.line(`${reporter.paint("yellow", "made a secret")} ${name}=${value} ${note}`);
}

function printApp(reporter: Reporter, app: Event<"serving-app">): void {
  const { url, name, target, front, routes, assets } = app;
  const width = Math.max(...routes.map(({ pattern }) => pattern.length));
  const lines = routes.map(({ pattern, file }) => `  ${url}${pattern.padEnd(width)}  ${reporter.paint("dim", file)}`);
  const behind = target === "lambda" && front === "function-url" ? ", behind a function URL" : "";
  const jobs = jobLines(app.jobs, app.clock, Date.now());
  const counts = [countText(routes.length, "route"), countText(assets, "static file")];
  if (jobs.length > 0) counts.push(countText(jobs.length, "job"));
  const head = `${reporter.paint("bold", name)} on ${target}${behind}: ${counts.join(", ")}`;
  const jobTexts = jobs.map((job) => `  ${jobLineText(job)}`);
  reporter.result([head, ...lines, ...jobTexts, "", `${reporter.paint("bold", url)}  Ctrl-C ends it`].join("\n"), {
    type: "listening",
    url,
    target,
    routes,
    ...(jobs.length > 0 && { jobs }),
  });
  // What people and tools wait for.
  reporter.flush();
}
