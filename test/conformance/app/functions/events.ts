/** `/events`: server-sent events. */
import type { Handler } from "portico";

export const GET: Handler = () => {
  let next = 1;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(new TextEncoder().encode(`id: ${next}\ndata: event ${next}\n\n`));
      if (next === 3) controller.close();
      next += 1;
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream", "cache-control": "no-store" } });
};
