/** `/redirect/303?to=…` */
import { type Handler, redirect } from "portico";

export const GET: Handler<"/redirect/[status]"> = (request, { params }) =>
  redirect(new URL(request.url).searchParams.get("to") ?? "/", Number(params.status) as 301);
