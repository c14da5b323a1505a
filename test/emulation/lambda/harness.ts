/** Functions written to a temporary folder and run in a runtime that is closed after each test. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { createLambdaRuntime, type LambdaRuntimeOptions } from "../../../framework/emulation/lambda/runtime.ts";
import type { InvocationResult, LambdaRuntime } from "../../../framework/emulation/lambda/invocation.ts";
import type { LoadedFunction, LogLine } from "../../../framework/model/invocation.ts";
import { patient } from "./patient.ts";

const closing: (() => Promise<void>)[] = [];

/** At the end of the test that asks. Not by a hook of this module: files that share a process load it once. */
function closeInTheEnd(close: () => Promise<void>, at: "first" | "last"): void {
  const closeAll = async (): Promise<void> => {
    for (const one of closing.splice(0)) await one();
  };
  if (closing.length === 0) onTestFinished(closeAll);
  if (at === "first") closing.unshift(close);
  else closing.push(close);
}

/** A function whose module is `code`. */
export function functionOf(code: string, settings: Partial<LoadedFunction> = {}): LoadedFunction {
  const directory = mkdtempSync(join(tmpdir(), "portico-lambda-"));
  closeInTheEnd(async () => rmSync(directory, { recursive: true, force: true }), "last");
  writeFileSync(join(directory, "index.mjs"), code);
  return { id: "hello", hash: "1", directory, main: "index.mjs", memory: 256, timeout: 300, env: {}, ...settings };
}

/** A call's outcome with its payload parsed. */
export interface Called extends Omit<InvocationResult, "payload"> {
  readonly value: unknown;
}

/** A runtime, the lines it logged, and a call in one step. */
export function start(options: Partial<LambdaRuntimeOptions> = {}): {
  runtime: LambdaRuntime;
  lines: LogLine[];
  call: (fn: LoadedFunction, event?: unknown, requestId?: string) => Promise<Called>;
} {
  const lines: LogLine[] = [];
  const runtime = createLambdaRuntime({ onLog: (line) => lines.push(line), ...patient, ...options });
  closeInTheEnd(() => runtime.close(), "first");
  let count = 0;
  const call = async (fn: LoadedFunction, event: unknown = {}, requestId = `request-${++count}`): Promise<Called> => {
    const { payload, ...rest } = await runtime.invoke(fn, Buffer.from(JSON.stringify(event)), {
      requestId,
      arn: "arn:aws:lambda:ap-northeast-2:111122223333:function:app--dev--hello:7",
    });
    return { value: JSON.parse(Buffer.from(payload).toString()), ...rest };
  };
  return { runtime, lines, call };
}

/** True while a process runs; a zombie, which some container leaves unreaped, does not. */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== "linux" || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}
