/** A process that deploys, as a row of calls and statements between any two of which it can be killed or paused. */
import type { Client } from "pg";
import type { DatabaseClient, Row } from "../../../framework/migrations/database-client.ts";

/** What happens to a run at its step number `at`, from 1. */
export interface Disturbance {
  readonly at: number;
  /** `pause`: before the first step from there on at which it holds neither a transaction nor a lock of a session. */
  readonly what: "kill before" | "kill after" | "pause";
}

/** One run. */
export interface SteppedRun {
  /** A call or a statement; never ends in a run that is dead. */
  step<T>(name: string, work: () => Promise<T>, mayPause?: boolean): Promise<T>;
  /** Resolves when it is killed. */
  readonly died: Promise<void>;
  /** Resolves when it stands still. */
  readonly paused: Promise<void>;
  resume(): void;
  readonly isDead: () => boolean;
  /** Names of the steps that began. */
  readonly steps: readonly string[];
}

/** @param afterStep called when a step took effect, before the run goes on */
export function steppedRun(
  { at, what }: Disturbance = { at: Infinity, what: "pause" },
  afterStep: (name: string) => Promise<void> = () => Promise.resolve(),
): SteppedRun {
  const steps: string[] = [];
  const [death, pause, resumption] = [0, 0, 0].map(() => Promise.withResolvers<void>()) as [Gate, Gate, Gate];
  let [isDead, wasPaused] = [false, false];
  const never = new Promise<never>(() => undefined);
  const die = (): Promise<never> => {
    isDead = true;
    death.resolve();
    return never;
  };
  return {
    died: death.promise,
    paused: pause.promise,
    resume: () => resumption.resolve(),
    isDead: () => isDead,
    steps,
    async step(name, work, mayPause = true) {
      if (isDead) return never;
      steps.push(name);
      const count = steps.length;
      if (what === "kill before" && count === at) return die();
      if (what === "pause" && count >= at && mayPause && !wasPaused) {
        wasPaused = true;
        pause.resolve();
        await resumption.promise;
      }
      const result = await work();
      // Another step of the run may have been its last meanwhile.
      if (isDead) return never;
      await afterStep(name);
      return what === "kill after" && count === at ? die() : result;
    },
  };
}

type Gate = PromiseWithResolvers<void>;

/** The connection of a run, whose statements are its steps. @param onSend called just before each is sent */
export function steppedClient(
  client: Pick<Client, "query">,
  run: SteppedRun,
  onSend: (text: string) => void = () => undefined,
): DatabaseClient {
  let [isInside, isLocked] = [false, false];
  return {
    query: (text, values) =>
      run.step(
        text,
        async () => {
          onSend(text);
          if (text.startsWith("begin")) isInside = true;
          try {
            const result = await client.query(text, values);
            if (text.endsWith("commit")) isInside = false;
            if (text.includes("pg_try_advisory_lock"))
              isLocked = (result.rows as readonly Row[])[0]?.["taken"] === true;
            return result;
          } finally {
            if (text === "rollback") isInside = false;
            if (text.includes("pg_advisory_unlock")) isLocked = false;
          }
        },
        !isInside && !isLocked,
      ),
  };
}
