/** Logs an order, and answers with the lines as they were written. */
import { count, logger, type LogContext, traceHeaders } from "portico/log";

type Line = Readonly<Record<string, unknown>>;

/** The lines that the work writes, by `console` or on stdout. */
function written(work: () => void): readonly Line[] {
  const lines: Line[] = [];
  const keep = (text: unknown): boolean => lines.push(JSON.parse(String(text)) as Line) > 0;
  const { info, error } = console;
  const stdout = process.stdout as { write?: unknown } | undefined;
  const write = stdout?.write;
  Object.assign(console, { info: keep, error: keep });
  if (stdout) stdout.write = keep;
  try {
    work();
  } finally {
    Object.assign(console, { info, error });
    if (stdout) stdout.write = write;
  }
  return lines;
}

/** A line with what differs between requests and targets in place of names. */
function stable({ requestId: id, release, error, ...line }: Line, requestId: string): Line {
  const { stack, ...told } = (error ?? {}) as { readonly stack?: unknown };
  if (release !== undefined && Number(release) !== 1) throw new Error(`release ${String(release)}`);
  if (error && !String(stack).includes("no host")) throw new Error("no stack");
  return { ...line, ...(error ? { error: told } : {}), ...(id === requestId && { requestId: "requestId" }) };
}

export function logOrder(context: LogContext): Response {
  const { requestId } = context as unknown as { readonly requestId: string };
  const lines = written(() => {
    const log = logger(context, { area: "orders", route: "forged" });
    log.info("paid", { cents: 5, requestId: "forged" });
    log.error("failed", Object.assign(new TypeError("no host", { cause: "down" }), { code: "ENOTFOUND" }));
    count("orders", 2);
  });
  const [paid, failed, metric] = lines;
  // On Lambda as CloudWatch's embedded format has it.
  const {
    _aws,
    metric: name = "orders",
    value,
    ...rest
  } = metric as { _aws?: unknown; metric?: string; value?: number };
  return Response.json({
    lines: [stable(paid!, requestId), stable(failed!, requestId)],
    count: { ...(value !== undefined && { [name]: value }), ...rest },
    passedOn: traceHeaders(context),
  });
}
