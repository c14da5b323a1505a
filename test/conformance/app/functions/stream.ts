/** `/stream`: three chunks, the character in the middle cut in two. */
import type { Handler } from "portico";

export const GET: Handler = () => {
  const bytes = new TextEncoder().encode("하나 둘 셋");
  const chunks = [bytes.slice(0, 4), bytes.slice(4, 9), bytes.slice(9)];
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await new Promise((resume) => setTimeout(resume, 10));
      const chunk = chunks.shift();
      if (chunk) controller.enqueue(chunk);
      else controller.close();
    },
  });
  return new Response(body, { headers: { "content-type": "text/plain; charset=utf-8" } });
};
