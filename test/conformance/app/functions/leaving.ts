/**
 * `/leaving?key=…` streams for two seconds; `/leaving?log=…` says what it heard of its client's end. Module state,
 * since that is what is looked at.
 */
import type { Handler } from "portico";

const heard = new Map<string, string[]>();

export const GET: Handler = (request) => {
  const { searchParams } = new URL(request.url);
  const log = searchParams.get("log");
  if (log !== null) return Response.json(heard.get(log)?.toSorted() ?? []);
  const events: string[] = [];
  heard.set(searchParams.get("key") ?? "", events);
  request.signal.addEventListener("abort", () => events.push("aborted"));
  let parts = 0;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (parts > 0) await new Promise((resume) => setTimeout(resume, 50));
      controller.enqueue(new TextEncoder().encode("part\n"));
      parts += 1;
      if (parts === 40) controller.close();
    },
    cancel: () => void events.push("cancelled"),
  });
  return new Response(body);
};
