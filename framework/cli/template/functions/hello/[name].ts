import type { Handler } from "portico";

export const GET: Handler<"/hello/[name]"> = (_request, { params }) => new Response(`Hello, ${params.name}!\n`);
