/**
 * `/boom` throws: the client sees a request id and nothing else, the log has the stack, and `portico dev` shows the
 * line.
 */
import type { Handler } from "portico";

export const GET: Handler = () => {
  throw new Error("This route always throws.");
};
