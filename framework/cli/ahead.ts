/** What `portico dev` waits for longest, begun before the rest of the command line is loaded: its words in, the processes that it will need out. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Standby } from "../local/lambda/standby.ts";
import { startWatchdog, type Watchdog } from "../local/watchdog.ts";
import { defaultSettings } from "../model/app.ts";

/** Held open by who began it; `dev` ends what it takes. */
export interface Ahead {
  readonly watchdog: Watchdog;
  /** Where Lambda's first process waits; undefined where the target seems to be another. */
  readonly standby: Standby | undefined;
  /** Whether esbuild's process has begun. */
  readonly esbuild: boolean;
}

/** @param words after `dev` @param cwd absolute path of the folder that it runs in, if no word says another */
export async function beginAhead(words: readonly string[], cwd: string): Promise<Ahead> {
  const watchdog = startWatchdog();
  const target = guessTarget(words, cwd);
  const standby = target === "lambda" ? new Standby(process.execPath) : undefined;
  standby?.prepare({ memory: defaultSettings.memory, directory: cwd });
  // On Workers, workerd takes longer and goes first; where a build is remembered (build/dev-memory.ts), there most likely is nothing to build.
  const esbuild = (target === "lambda" || target === "node") && !existsSync(join(cwd, ".portico/cache/dev", target));
  if (esbuild) await beginEsbuild();
  return { watchdog, standby, esbuild };
}

/** Its process starts while ours goes on. What becomes of it is told by the first build. */
export async function beginEsbuild(): Promise<void> {
  const { env } = process;
  // Without threads, which only its calls that block would need.
  const threads = env["ESBUILD_WORKER_THREADS"];
  env["ESBUILD_WORKER_THREADS"] = "0";
  const { initialize } = await import("esbuild");
  if (threads === undefined) delete env["ESBUILD_WORKER_THREADS"];
  else env["ESBUILD_WORKER_THREADS"] = threads;
  initialize({}).catch(() => undefined);
}

/** A guess at what will be found out in order. Where it is wrong, a process starts for nothing and is ended. Undefined where there seems to be no app. */
function guessTarget(words: readonly string[], cwd: string): string | undefined {
  const flag = words.findIndex((word) => /^--target(?:=|$)/.test(word));
  const given = words[flag]?.split("=")[1] ?? words[flag + 1];
  if (words.some((word) => /^(?:-h|--help)$/.test(word)) || !existsSync(join(cwd, "functions"))) return undefined;
  if (flag >= 0) return given;
  try {
    return /"target"\s*:\s*\[?\s*"(\w+)"/.exec(readFileSync(join(cwd, "hosting.json"), "utf8"))?.[1] ?? "lambda";
  } catch {
    // None is an app on Lambda; what else is wrong with it is said by who reads it next.
    return "lambda";
  }
}
