/** `/logout`: takes the session's cookie away. Only POST, so that no link or image can sign anyone out. */
import { type Handler, redirect } from "portico";
import { signOut } from "../_lib/session.ts";

export const POST: Handler = (request) => {
  const response = redirect("/login");
  response.headers.append("set-cookie", signOut(request));
  return response;
};
