/** `/hello/나의 비밀 방` greets the room: a path parameter, decoded, and a value from hosting.json's "env". */
import type { Handler } from "portico";

export const GET: Handler<"/hello/[name]"> = (_request, { params, env }) =>
  new Response(`${env.GREETING}, ${params.name}!\n`);
