/** Samples the stack of a thread that runs an endless loop, with V8's CPU profiler. */
import type { Worker } from "node:worker_threads";
import { appFrames } from "./failure.ts";

/** Milliseconds of sampling, and the limit for it, since native code cannot be sampled. */
const sampleMs = 50;
const limitMs = 5000;

/** Profiler.ProfileNode of the Chrome DevTools protocol; the function's line and column count from 0. */
interface ProfileNode {
  readonly id: number;
  readonly callFrame: {
    readonly functionName: string;
    readonly url: string;
    readonly lineNumber: number;
    readonly columnNumber: number;
  };
  readonly hitCount: number;
  readonly children?: readonly number[];
  /** Lines from 1. */
  readonly positionTicks?: readonly { readonly line: number; readonly ticks: number }[];
}

/**
 * The frames in the format of `stack`, without its first line; empty in native code and before Node 24.
 * @param urls of the functions' modules
 */
export async function stackOfThread(worker: Worker, urls: ReadonlySet<string>): Promise<string> {
  if (typeof worker.startCpuProfile !== "function") return "";
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<readonly ProfileNode[]>((done) => (timer = setTimeout(() => done([]), limitMs)));
  const nodes = await Promise.race([profile(worker), late]);
  clearTimeout(timer);
  return appFrames(busiest(nodes, urls).map(frameLine).join("\n"));
}

async function profile(worker: Worker): Promise<readonly ProfileNode[]> {
  const started = await worker.startCpuProfile();
  await new Promise((resolve) => setTimeout(resolve, sampleMs));
  const { nodes } = JSON.parse(await started.stop()) as { readonly nodes: readonly ProfileNode[] };
  return nodes;
}

/** The innermost app function with the most samples, and its callers. */
function busiest(nodes: readonly ProfileNode[], urls: ReadonlySet<string>): readonly ProfileNode[] {
  const callers = new Map(nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node] as const)));
  const hits = new Map<ProfileNode, number>();
  for (const node of nodes) {
    let own: ProfileNode | undefined = node;
    while (own && !urls.has(own.callFrame.url)) own = callers.get(own.id);
    if (own) hits.set(own, (hits.get(own) ?? 0) + node.hitCount);
  }
  const [[most] = []] = [...hits].toSorted(([, one], [, other]) => other - one);
  const path: ProfileNode[] = [];
  for (let node = most; node; node = callers.get(node.id)) if (node.callFrame.url) path.push(node);
  return path;
}

/** A frame with its sampled line; of a caller only the first line of the function is known. */
function frameLine({ callFrame, positionTicks = [] }: ProfileNode): string {
  const [sampled] = positionTicks.toSorted((one, other) => other.ticks - one.ticks);
  // A column beyond the line's end, so that the source map resolves to this line.
  const at = sampled ? `${sampled.line}:${lastColumn}` : `${callFrame.lineNumber + 1}:${callFrame.columnNumber + 1}`;
  const place = `${callFrame.url}:${at}`;
  return `    at ${callFrame.functionName ? `${callFrame.functionName} (${place})` : place}`;
}

const lastColumn = 10_000;
