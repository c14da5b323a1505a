/** `/page`: HTML by the small helper, and characters of every width. */
import { html } from "portico";

export const GET = () => html("<!doctype html><p>é 방 😀</p>", { status: 201, headers: { "x-page": "1" } });
