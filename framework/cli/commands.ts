/** The list of all commands with their arguments, flags and summaries. */
import type { Command, Flag } from "./command.ts";

const target: Flag = { flags: "--target <target>", summary: "lambda, workers or node (default: from hosting.json)" };
const stage: Flag = { flags: "-s, --stage <stage>", summary: "the named environment" };
const config: Flag = { flags: "-c, --config <file>", summary: "settings file (default: hosting.json)" };
const port: Flag = { flags: "-p, --port <port>", summary: "port to listen on; 0 takes a free one" };
const region: Flag = { flags: "--region <region>", summary: "AWS region (default: from hosting.json)" };
const profile: Flag = { flags: "--profile <name>", summary: "AWS profile whose credentials are used" };
const yes: Flag = { flags: "-y, --yes", summary: "answer yes to every question" };
const host: Flag = { flags: "--host <name>", summary: "one more Host name to answer to; repeatable", repeats: true };

/** The flags of every command that works on a stage's cloud, with the command's own flags in the middle. */
const onStage = (...own: readonly Flag[]): readonly Flag[] => [stage, target, ...own, region, profile, config];

/** In the order that help prints them. */
export const commands: readonly Command[] = [
  {
    name: "init",
    summary: "write a small project that runs at once",
    args: [{ name: "[dir]", summary: "folder (default: here)" }],
    flags: [],
    load: async () => (await import("./commands/init.ts")).init,
  },
  {
    name: "dev",
    summary: "run the app locally as the cloud would, reloading on every change",
    args: [{ name: "[dir]", summary: "app, or any folder of static files (default: here)" }],
    flags: [
      target,
      port,
      host,
      {
        flags: "--concurrency <count>",
        summary: "target lambda: events at once, more are throttled (default: 1000, in 32 environments)",
      },
      config,
    ],
    load: async () => (await import("./commands/dev.ts")).dev,
  },
  {
    name: "build",
    summary: "bundle every route into its own function",
    args: [],
    flags: [target, stage, config],
    load: async () => (await import("./commands/build.ts")).build,
  },
  {
    name: "routes",
    summary: "list routes with methods, files, middleware and bytes per target",
    args: [],
    flags: [target, config],
    load: async () => (await import("./commands/routes.ts")).routes,
  },
  {
    name: "types",
    summary: "write routes.d.ts: the types of routes, env, jobs and middleware",
    args: [],
    flags: [{ flags: "--check", summary: "write nothing; fail where it is not current" }, config],
    load: async () => (await import("./commands/types.ts")).types,
  },
  {
    name: "openapi",
    summary: "describe the app's API as OpenAPI 3.1; runs its code, without a network where workerd can",
    args: [],
    flags: [
      { flags: "--out <file>", summary: "write to a file in place of the output" },
      { flags: "--check", summary: "write nothing; fail where the file (default: openapi.json) is not current" },
      config,
    ],
    load: async () => (await import("./commands/openapi.ts")).openapi,
  },
  {
    name: "invoke",
    summary: "send one request to dev, a stage or a URL and print the answer",
    args: [{ name: "[words...]", summary: "[METHOD] /path" }],
    flags: [
      { flags: "-H, --header <line>", summary: '"name: value"; repeatable', repeats: true },
      { flags: "-d, --data <body>", summary: "request body; @file reads a file, @- standard input" },
      stage,
      { flags: "--url <url>", summary: "root URL to send it to" },
      target,
      region,
      profile,
      port,
    ],
    load: async () => (await import("./commands/invoke.ts")).invoke,
  },
  {
    name: "deploy",
    summary: "release the app to a stage",
    args: [],
    flags: onStage(
      { flags: "-m, --message <text>", summary: "describe the release, for portico releases" },
      { flags: "--only <route>", summary: "change only this route; the others stay as they are live" },
      {
        flags: "--canary <percent>",
        summary: "Workers only: give it this part of the traffic; portico promote gives it the rest",
      },
      {
        flags: "--plan <file>",
        summary: "apply this plan of portico plan --out, or nothing if it is outdated",
      },
      yes,
      port,
    ),
    load: async () => (await import("./commands/deploy.ts")).deploy,
  },
  {
    name: "plan",
    alias: "diff",
    summary: "show what a deploy would change; exit code 2 when there is anything",
    args: [],
    flags: onStage({ flags: "--out <file>", summary: "write the plan, for deploy --plan" }, port),
    load: async () => (await import("./commands/plan.ts")).plan,
  },
  {
    name: "releases",
    summary: "list the releases of a stage",
    args: [],
    flags: onStage(),
    load: async () => (await import("./commands/releases.ts")).releases,
  },
  {
    name: "rollback",
    summary: "move a stage's traffic back to an earlier release, by one call",
    args: [{ name: "[release]", summary: "its number (default: the one before)" }],
    flags: onStage(yes),
    load: async () => (await import("./commands/rollback.ts")).rollback,
  },
  {
    name: "promote",
    summary: "move a stage's traffic to any release",
    args: [{ name: "[release]", summary: "its number (default: the canary)" }],
    flags: onStage(yes),
    load: async () => (await import("./commands/rollback.ts")).promote,
  },
  {
    name: "secret",
    summary: "set, list or remove the secrets of a stage",
    args: [
      { name: "<action>", summary: "set, list or remove" },
      { name: "[names...]", summary: "NAME, or NAME=VALUE; a value that is not given is read from standard input" },
    ],
    flags: onStage({ flags: "--from <file>", summary: "set: all that a .env file holds" }, yes),
    load: async () => (await import("./commands/secret.ts")).secret,
  },
  {
    name: "migrate",
    summary: "write migrations, show what a database has of them, and run them; without a stage, dev's database",
    args: [
      { name: "<action>", summary: "new, status, up, finish, reset or forget" },
      { name: "[words...]", summary: "new: NAME; forget: APP STAGE TARGET, as status shows them" },
    ],
    flags: onStage(
      { flags: "--empty", summary: "new: a file to write by hand; runs nothing of the app" },
      { flags: "--database <name>", summary: "the one of several databases that it is about" },
      yes,
    ),
    load: async () => (await import("./commands/migrate.ts")).migrate,
  },
  {
    name: "store",
    summary: "export the store's entries as JSON lines, or import them; without a stage, those of this machine's file",
    args: [
      { name: "<action>", summary: "export or import" },
      { name: "[file]", summary: "import: what to read; - is standard input" },
    ],
    flags: onStage(
      { flags: "--out <file>", summary: "export: write to a file in place of the output" },
      { flags: "--data <folder>", summary: "without a stage: folder of the store's file (default: .portico/data)" },
    ),
    load: async () => (await import("./commands/store.ts")).store,
  },
  {
    name: "doctor",
    summary: "check whether a deploy to a stage can work: account, clock, quotas, limits, secrets",
    args: [],
    flags: onStage(
      { flags: "--policy", summary: "print the least IAM policies of deployer and functions" },
      { flags: "--probe", summary: "test on a temporary API what AWS's documentation leaves open" },
    ),
    load: async () => (await import("./commands/doctor.ts")).doctor,
  },
  {
    name: "env",
    summary: "list the env and secrets of a stage by name, without the secrets' values",
    args: [],
    flags: onStage(),
    load: async () => (await import("./commands/env.ts")).env,
  },
  {
    name: "logs",
    summary: "show what the functions of a stage printed",
    args: [{ name: "[route]", summary: "one route alone: its pattern or its function" }],
    flags: onStage(
      { flags: "-f, --follow", summary: "wait for new lines until Ctrl-C" },
      { flags: "--since <span>", summary: "how far back: 30s, 15m, 2h, 1d (default: 10m)" },
      { flags: "--level <level>", summary: "only lines of this level and more urgent ones: debug, info, warn, error" },
      { flags: "--route <pattern>", summary: "as the argument" },
      {
        flags: "--request <id>",
        summary: "only lines of one request, whose id a 500 and each line of portico/log have",
      },
    ),
    load: async () => (await import("./commands/logs.ts")).logs,
  },
  {
    name: "jobs",
    summary: "list the jobs with their next runs, run one, or list and repeat dead ones",
    args: [
      { name: "[action]", summary: "run or dead (default: list)" },
      { name: "[words...]", summary: "run: NAME [DATA as JSON]; dead: nothing, retry ID or drop ID" },
    ],
    flags: onStage(
      { flags: "--at <time>", summary: "run: as if the clock sent it then, such as 2026-11-29T00:00Z" },
      { flags: "--data <folder>", summary: "without a stage: folder of the queue's file (default: .portico/data)" },
    ),
    load: async () => (await import("./commands/jobs.ts")).jobs,
  },
  {
    name: "remove",
    alias: "destroy",
    summary: "delete everything of a stage",
    args: [],
    flags: onStage(
      yes,
      { flags: "--confirm <stage>", summary: "the name of a protected stage" },
      {
        flags: "--data",
        summary: "the store's data, too (goes along by itself at stages that hosting.json does not name)",
      },
    ),
    load: async () => (await import("./commands/remove.ts")).remove,
  },
  {
    name: "cloud",
    summary: "serve the local cloud in the foreground",
    args: [],
    flags: [port, { flags: "--realistic", summary: "as slow as AWS: pending states, propagation, rate limits" }],
    load: async () => (await import("./commands/cloud.ts")).cloud,
  },
  {
    name: "start",
    summary: "serve the built app in production on Node",
    args: [],
    flags: [
      port,
      { flags: "--host <address>", summary: "address to listen on (default: 127.0.0.1)" },
      { flags: "--processes <count>", summary: "processes to serve from (default: one per core)" },
      {
        flags: "--trust-proxy <proxies>",
        summary: "how many proxies stand before it, or their networks: 10.0.0.0/8,127.0.0.1",
      },
      { flags: "--data <folder>", summary: "folder of the store's file (default: .portico/data)" },
      { flags: "--proxy-headers <kind>", summary: "what they write: x-forwarded (default) or forwarded" },
      stage,
      config,
    ],
    load: async () => (await import("./commands/start.ts")).start,
  },
];
