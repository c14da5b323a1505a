/** `portico logs [-f] [route]`: a stage and a route in, what its functions printed out; all routes in one stream. */
import { setTimeout as sleep } from "node:timers/promises";
import { readLogs, type StoredLine } from "../../../deploy/lambda/logs.ts";
import { functionName } from "../../../deploy/lambda/names.ts";
import type { Deployed } from "../../../deploy/platform.ts";
import { openTail, type TailLine } from "../../../deploy/workers/logs.ts";
import { UserError } from "../../model/user-error.ts";
import type { CommandInput } from "../command.ts";
import { textFlag } from "../flags.ts";
import type { Reporter } from "../reporter.ts";
import { explaining, type LambdaCloud, oneCloud, openStageCloud, type StageCloud, type WorkersCloud } from "../stage-cloud.ts";

/** Milliseconds between two looks, and how far back each goes: lines may come late. */
const pause = 1_000;
const overlap = 15_000;

/** Ends with the lines that there are, or with Ctrl-C. */
export async function logs(input: CommandInput): Promise<number> {
  const stage = await openStageCloud(input);
  try {
    const cloud = oneCloud(stage);
    await explaining([cloud], () => (cloud.target === "lambda" ? showStored(cloud, stage, input) : tail(cloud, stage, input)));
    return 0;
  } finally {
    await stage.close();
  }
}

/** A stage on AWS, and its functions. */
interface Stored {
  readonly cloud: LambdaCloud;
  readonly owner: StageCloud["owner"];
  /** By function name on AWS: the route ids that people know. */
  readonly names: ReadonlyMap<string, string>;
}

async function showStored(cloud: LambdaCloud, { owner }: StageCloud, input: CommandInput): Promise<void> {
  const route = input.args[0] as string | undefined;
  const { live } = await cloud.platform().observe();
  if (!live && route !== undefined)
    throw new UserError(
      "NOTHING_LIVE",
      "nothing was released to this stage yet, so no route has lines",
      "portico deploy makes the first release",
    );
  const ids = live?.record?.functions.map((fn) => fn.function) ?? [];
  const wanted = route === undefined ? ids : matching(route, ids, live?.record);
  const names = new Map(wanted.map((id) => [functionName(owner, id), id]));
  await (input.flags["follow"] === true ? follow : once)({ cloud, owner, names }, input);
}

/** Cloudflare tells what is printed while somebody listens. Throws UserError LOGS_LIVE_ONLY. */
async function tail({ cloudflare }: WorkersCloud, { owner }: StageCloud, input: CommandInput): Promise<void> {
  const { reporter, args } = input;
  if (input.flags["follow"] !== true)
    throw new UserError(
      "LOGS_LIVE_ONLY",
      "a Worker's log lines can be read here while they are printed, not afterwards",
      "give -f and make a request; Cloudflare's dashboard keeps earlier lines under Observability",
    );
  if (args[0] !== undefined)
    throw new UserError("LOGS_ROUTE", "on Workers all routes are one Worker, whose lines name no route", "leave the route out");
  const open = await openTail(cloudflare.client, owner, (line) => printTail(line, reporter));
  reporter.line(reporter.paint("dim", "listening; Ctrl-C ends it"));
  await Promise.race([input.untilStopped(), open.ended]);
  await open.close();
}

function printTail({ time, level, text, request = "" }: TailLine, reporter: Reporter): void {
  const when = new Date(time).toISOString();
  const words = level === "log" ? text : `${reporter.paint(level === "warn" ? "yellow" : "red", level)} ${text}`;
  reporter.result(`${reporter.paint("dim", when)}  ${reporter.paint("cyan", request)}  ${words}`, {
    ...{ type: "log", time: when, level, request, text },
  });
}

/** Throws UserError ROUTE_UNKNOWN. @param route a function's id, or a path pattern (`/users/:id`, `/users/{id}`) */
function matching(route: string, ids: readonly string[], record: NonNullable<Deployed["live"]>["record"]): readonly string[] {
  const key = `ANY ${route.replace(/:([^/]+)/g, "{$1}")}`;
  const found = [
    ...ids.filter((id) => id === route),
    ...(record?.routes.filter((one) => one.key === key).map((one) => one.function) ?? []),
  ];
  if (found.length) return found;
  throw new UserError("ROUTE_UNKNOWN", `the live release has no route ${route}`, `give one of ${ids.join(", ")}`);
}

/** `15m`, `2h`, `1d`. Throws UserError BAD_SINCE. */
function sinceFlag(input: CommandInput): number {
  const text = textFlag(input, "since") ?? "10m";
  const [, count, unit] = /^([1-9]\d{0,4})([smhd])$/.exec(text) ?? [];
  const seconds = { s: 1, m: 60, h: 3600, d: 86_400 }[unit ?? ""];
  if (seconds !== undefined) return Date.now() - Number(count) * seconds * 1000;
  throw new UserError("BAD_SINCE", `"${text}" is no span of time`, "give 30s, 15m, 2h or 1d");
}

async function once({ cloud, owner, names }: Stored, input: CommandInput): Promise<void> {
  const lines = await readLogs(cloud.aws.clients, owner, { since: sinceFlag(input), functions: [...names.keys()] });
  for (const line of lines) print(line, names, input.reporter);
  if (!lines.length) input.reporter.line("no lines; --since 1d looks further back, -f waits for new ones");
}

/** Looks again and again until it is stopped; each line is shown once. */
async function follow({ cloud, owner, names }: Stored, input: CommandInput): Promise<void> {
  const stopping = new AbortController();
  void input.untilStopped().then(() => stopping.abort());
  let shown = new Map<string, number>();
  let since = sinceFlag(input);
  while (!stopping.signal.aborted) {
    const lines = await readLogs(cloud.aws.clients, owner, { since, functions: [...names.keys()] });
    for (const line of lines) if (!shown.has(line.id)) print(line, names, input.reporter);
    since = Math.max(since, (lines.at(-1)?.time ?? 0) - overlap);
    shown = new Map(lines.filter(({ time }) => time >= since).map(({ id, time }) => [id, time]));
    await sleep(pause, undefined, { signal: stopping.signal }).catch(() => undefined);
  }
}

function print({ time, function: name, text }: StoredLine, names: ReadonlyMap<string, string>, reporter: Reporter): void {
  const id = names.get(name) ?? name;
  const when = new Date(time).toISOString();
  reporter.result(`${reporter.paint("dim", when)}  ${reporter.paint("cyan", id)}  ${text}`, {
    type: "log",
    time: when,
    function: id,
    text,
  });
}
