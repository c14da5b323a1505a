/** `/stream`: lines that are sent as they are made. Where a platform cannot stream, they arrive together. */
import type { Handler } from "portico";

const lines = 5;

export const GET: Handler = () => {
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await new Promise((resume) => setTimeout(resume, 100));
      sent += 1;
      controller.enqueue(new TextEncoder().encode(`line ${sent} of ${lines}\n`));
      if (sent === lines) controller.close();
    },
  });
  return new Response(body, { headers: { "content-type": "text/plain; charset=utf-8" } });
};
