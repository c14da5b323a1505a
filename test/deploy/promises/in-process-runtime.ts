/** A Lambda runtime that runs functions in this process, for suites that publish thousands of versions. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { Writable } from "node:stream";
import type {
  InvocationRequest,
  InvocationResult,
  LambdaRuntime,
} from "../../../framework/emulation/lambda/invocation.ts";
import type { LoadedFunction } from "../../../framework/model/invocation.ts";

type Handler = (event: unknown, ...more: readonly unknown[]) => Promise<unknown>;

/** As AWS's client marks a handler that streams, and what it gives it (developer guide, "Response streaming"). */
const streaming = Symbol.for("aws.lambda.runtime.handler.streaming");
const withPrelude = "application/vnd.awslambda.http-integration-response";

Object.assign(globalThis, {
  awslambda: {
    streamifyResponse: (handler: Handler) => Object.assign(handler, { [streaming]: "response" }),
    HttpResponseStream: {
      from(stream: Writable, prelude: unknown) {
        stream.write(Buffer.concat([Buffer.from(JSON.stringify(prelude)), Buffer.alloc(8)]));
        return stream;
      },
    },
  },
});

/** What a handler streams, to the call's sink or as a whole. */
async function stream(
  handler: Handler,
  event: unknown,
  context: unknown,
  { sink }: InvocationRequest,
  cold: boolean,
): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let isBegun = false;
  const out = new Writable({
    write(part: Buffer, _encoding, done) {
      if (!sink) return (void parts.push(part), done());
      if (!isBegun) sink.begin({ type: withPrelude, cold });
      isBegun = true;
      sink.write(part).then(() => done(), done);
    },
  });
  const finished = new Promise((done) => out.once("finish", done));
  await handler(event, out, context);
  await finished;
  return Buffer.concat(parts);
}

/** Not this file's own import(), which vitest looks through. */
const importNative = createRequire(import.meta.url)("./import-native.cjs") as (
  url: string,
) => Promise<{ readonly handler: Handler }>;

/** Every version is a module of its own that sees its own env while it starts, as far as one process can give it. */
export function createInProcessRuntime(): LambdaRuntime {
  const modules = new Map<string, Promise<Handler>>();
  let starting: Promise<unknown> = Promise.resolve();
  const load = (fn: LoadedFunction): Promise<Handler> => {
    const started = starting.then(() => start(fn));
    starting = started.catch(() => undefined);
    return started;
  };
  return {
    async invoke(fn, event, call): Promise<InvocationResult> {
      const { requestId, arn } = call;
      const key = `${fn.directory} ${fn.hash}`;
      const cold = !modules.has(key);
      const outcome = { cold, durationMs: 0 };
      try {
        if (cold) modules.set(key, load(fn));
        const handler = await modules.get(key)!;
        const context = {
          awsRequestId: requestId,
          invokedFunctionArn: arn,
          getRemainingTimeInMillis: () => fn.timeout * 1000,
        };
        const given: unknown = JSON.parse(Buffer.from(event).toString("utf8"));
        if (streaming in handler) return { ...outcome, payload: await stream(handler, given, context, call, cold) };
        const result = await handler(given, context);
        return { ...outcome, payload: Buffer.from(JSON.stringify(result ?? null)) };
      } catch (error) {
        modules.delete(key);
        const { name, message, stack = "" } = error as Error;
        const document = { errorType: name, errorMessage: message, trace: stack.split("\n") };
        const failure = { name, message, stack };
        return { ...outcome, payload: Buffer.from(JSON.stringify(document)), functionError: "Unhandled", failure };
      }
    },
    retire: () => undefined,
    close: async () => modules.clear(),
  };
}

/** What the light web classes take the place of; in a process of their own, as Lambda's are, nobody else needs them. */
const webClasses = { fetch, Request, Response, Headers };

async function start({ directory, main, env, hash }: LoadedFunction): Promise<Handler> {
  const before = { ...process.env };
  Object.assign(process.env, env);
  try {
    return (await importNative(`file://${join(directory, main)}?${hash}`)).handler;
  } finally {
    Object.assign(globalThis, webClasses);
    for (const name of Object.keys(env)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
}
