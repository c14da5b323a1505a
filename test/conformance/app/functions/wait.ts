/**
 * `/wait?key=…`: POST answers first and works on, GET says whether the work was done. Module state, since that is what
 * is looked at.
 */
import type { Handler } from "portico";

const done = new Set<string>();

const key = (request: Request): string => new URL(request.url).searchParams.get("key") ?? "";

export const POST: Handler = (request, { waitUntil }) => {
  const name = key(request);
  const work = async () => {
    await new Promise((resume) => setTimeout(resume, 20));
    done.add(name);
  };
  waitUntil(work());
  waitUntil(Promise.reject(new Error("background work that fails is logged, never answered")));
  return new Response("accepted", { status: 202 });
};

export const GET: Handler = (request) => Response.json({ done: done.has(key(request)) });
