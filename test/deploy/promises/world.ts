/** One app at one stage of an emulated cloud: runs commands that can be killed, and reports outcomes and states. */
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLockOwner, type LockOwner } from "../../../deploy/lock-owner.ts";
import { createRollbackJournal } from "../../../deploy/rollback-journal.ts";
import type { Plan } from "../../../deploy/plan.ts";
import { planForCloud } from "../../../deploy/planning.ts";
import { release } from "../../../deploy/release.ts";
import type { Schema } from "../../../deploy/schema.ts";
import type { SmokeCheck } from "../../../deploy/smoke-test.ts";
import { switchRelease } from "../../../deploy/switch.ts";
import { removeStage } from "../../../deploy/teardown.ts";
import { type BusyClock, busyClock } from "../busy-clock.ts";
import {
  type ApiCall,
  type Build,
  type CloudState,
  type Emulation,
  type EmulationOptions,
  isWrite,
  keep,
  type Process,
  type Row,
  type Transport,
} from "./row.ts";

/** What a command is about. */
export type Command =
  | {
      readonly verb: "deploy";
      readonly build: Build;
      readonly smoke?: readonly SmokeCheck[];
      readonly only?: string;
      readonly expected?: Plan;
      /** Percent of the traffic that it gets beside what is live. */
      readonly canary?: number;
    }
  | { readonly verb: "rollback" | "promote"; readonly number?: number; readonly smoke?: readonly SmokeCheck[] }
  | { readonly verb: "remove" };

/** How a process runs. */
export interface RunOptions {
  /** Whose `.portico` it has. Default "here". */
  readonly checkout?: string;
  readonly transport?: Transport;
  /** Keeps to the calls a second that the platform allows. Default false. */
  readonly paced?: boolean;
  /** Dies at its k-th call, or its k-th writing one, from 1, before the call takes effect or after it. */
  readonly kill?: { readonly at: number; readonly effect: "before" | "after"; readonly of?: "writes" };
  /** Called after every writing call that took effect, before the run goes on. */
  readonly onEffect?: (call: ApiCall) => Promise<void>;
  /** Between two steps; throws to stop. */
  readonly checkpoint?: () => void;
  /** Of an app with databases: statements are calls of the run, too. */
  readonly schema?: (transport: Transport) => Schema;
}

/** What became of a run. */
export interface Outcome {
  /** `done`, `nothing` (there was nothing to do), `died`, or the failure's code. */
  readonly end: string;
  readonly error?: unknown;
  readonly calls: readonly ApiCall[];
  readonly plan?: Plan;
  readonly live?: { readonly number: number; readonly url: string };
}

/** What the paths answer: `200 A`, or `nothing` where nobody listens. */
export type Answers = Readonly<Record<string, string>>;

/** The app, the stage and the clock. */
export interface World {
  readonly clock: BusyClock;
  readonly folder: string;
  run(command: Command, options?: RunOptions): Promise<Outcome>;
  plan(build: Build): Promise<Plan>;
  state(): Promise<CloudState>;
  orphans(): Promise<readonly string[]>;
  /** Lets time pass, and what was due in it come to its end. */
  pass(milliseconds: number): Promise<void>;
  ask(paths: readonly string[]): Promise<Answers>;
  /** Copies the cloud's state; to be used once the world is closed. */
  save(to: string): Promise<void>;
  close(): Promise<void>;
}

/** @param saved a folder that `save` filled: the cloud begins as it was then */
export async function openWorld(
  row: Row,
  options: { readonly saved?: string } & Partial<EmulationOptions> = {},
): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), "portico-promise-"));
  const cloudFolder = join(folder, "cloud");
  if (options.saved !== undefined) await cp(options.saved, cloudFolder, { recursive: true });
  const clock = options.clock ?? busyClock();
  // What was saved is of a time to which its own deploys had moved the clock: younger, it would not be ready yet.
  if (options.saved !== undefined && !options.clock) clock.advance(120_000);
  const cloud = await row.open({ ...options, folder: cloudFolder, clock });
  const ask = async (paths: readonly string[]): Promise<Answers> => {
    const url = await cloud.url();
    return Object.fromEntries(
      await Promise.all(paths.map(async (path) => [path, await answerOf(url, path, cloud.visitor)] as const)),
    );
  };
  return {
    clock,
    folder,
    ask,
    run: (command, run = {}) => runProcess(cloud, { command, run, folder, clock }),
    plan: async (build) => {
      const lockOwner = createLockOwner(join(folder, "planner"), "planner@here");
      return (await planForCloud(await cloud.platform({ build, lockOwner, keep, transport: (_call, send) => send() })))
        .plan;
    },
    state: () => cloud.state(),
    orphans: () => cloud.orphans(),
    pass: (milliseconds) => clock.pass(milliseconds),
    save: (to) => cp(cloudFolder, to, { recursive: true }),
    async close() {
      try {
        await cloud.close();
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

async function answerOf(
  url: string | undefined,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  if (url === undefined) return "nothing";
  try {
    const response = await fetch(new URL(path, url), { headers, redirect: "manual" });
    return `${response.status} ${await response.text()}`;
  } catch (error) {
    const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
    if (code === "ECONNREFUSED") return "nothing";
    throw error;
  }
}

interface Running {
  readonly command: Command;
  readonly run: RunOptions;
  readonly folder: string;
  readonly clock: BusyClock;
}

/**
 * A process of its own, but for the process: when it dies, no call of it is answered and no line of it runs any more.
 */
async function runProcess(cloud: Emulation, { command, run, folder, clock }: Running): Promise<Outcome> {
  const calls: ApiCall[] = [];
  const death = Promise.withResolvers<Outcome>();
  const underWay = new Set<Promise<unknown>>();
  let isDead = false;
  let counted = 0;
  const never = new Promise<never>(() => undefined);
  const die = (): Promise<never> => {
    isDead = true;
    death.resolve({ end: "died", calls });
    return never;
  };
  const transport: Transport = async (call, send) => {
    if (isDead) return never;
    calls.push(call);
    const isCounted = run.kill?.of !== "writes" || isWrite(call);
    if (isCounted) counted += 1;
    const isLast = isCounted && counted === run.kill?.at;
    if (isLast && run.kill?.effect === "before") return die();
    const reach = (): ReturnType<typeof send> => clock.busy(send);
    const sending = run.transport ? run.transport(call, reach) : reach();
    underWay.add(sending);
    await sending.catch(() => undefined);
    underWay.delete(sending);
    if (isDead) return never;
    if (isWrite(call)) await run.onEffect?.(call);
    return isLast ? die() : sending;
  };
  const sockets: (() => Promise<void>)[] = [];
  const lockOwner = watched(
    createLockOwner(join(folder, run.checkout ?? "here"), `${run.checkout ?? "tester"}@here`),
    sockets,
  );
  const outcome = await Promise.race([
    death.promise,
    perform(cloud, command, { lockOwner, transport, keep, paced: run.paced ?? false }, { run, calls, clock, folder }),
  ]);
  if (outcome.end !== "died") return outcome;
  // Sockets close with their process; what it had sent arrives.
  await Promise.all([...sockets.map((close) => close()), ...[...underWay].map((one) => one.catch(() => undefined))]);
  return outcome;
}

function watched(lockOwner: LockOwner, sockets: (() => Promise<void>)[]): LockOwner {
  return {
    ...lockOwner,
    async open() {
      const close = await lockOwner.open();
      sockets.push(close);
      return close;
    },
  };
}

interface Performing {
  readonly run: RunOptions;
  readonly calls: readonly ApiCall[];
  readonly clock: BusyClock;
  readonly folder: string;
}

async function perform(
  cloud: Emulation,
  command: Command,
  process: Process,
  { run, calls, clock, folder }: Performing,
): Promise<Outcome> {
  const schema = run.schema?.(process.transport);
  try {
    if (command.verb === "deploy") {
      const { build, only, expected, canary, smoke = [{ path: "/", status: 200 }] } = command;
      const [released] = await release({
        clouds: [await cloud.platform({ ...process, build, ...(only !== undefined && { only }) })],
        smoke,
        keep,
        now: () => clock.now(),
        sleep: (time: number) => clock.sleep(time),
        ...(schema && { schema }),
        ...(expected && { expected: [expected] }),
        ...(canary !== undefined && { canary }),
        onPlans: async () => undefined,
        onProgress: () => undefined,
        checkpoint: run.checkpoint ?? (() => undefined),
      });
      const { live, plan, changed } = released!;
      return { end: changed ? "done" : "nothing", calls, plan, live };
    }
    const platform = await cloud.platform(process);
    if (command.verb === "remove") {
      const { removed } = await removeStage({ platform, withData: true, onPlan: async () => undefined });
      return { end: removed.length ? "done" : "nothing", calls };
    }
    const { verb, number, smoke = [] } = command;
    const { live, changed } = await switchRelease({
      platform,
      ...(schema && { schema }),
      command: verb,
      smoke,
      sleep: (time: number) => clock.sleep(time),
      onSwitch: async () => undefined,
      journal: createRollbackJournal(join(folder, run.checkout ?? "here", "rollback.json"), () => clock.now()),
      ...(number !== undefined && { number }),
    });
    return { end: changed ? "done" : "nothing", calls, live };
  } catch (caught) {
    const error = cloud.toCommandError?.(caught) ?? caught;
    return { end: (error as { readonly code?: string }).code ?? (error as Error).name, error, calls };
  }
}
