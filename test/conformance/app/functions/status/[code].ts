/** `/status/418` answers with that status, and a body where HTTP allows one. */
import type { Handler } from "portico";

export const GET: Handler<"/status/[code]"> = (_request, { params }) => {
  const status = Number(params.code);
  const bodiless = status === 204 || status === 205 || status === 304;
  return new Response(bodiless ? null : `status ${status}`, { status, headers: { "x-status": params.code } });
};
