/** `/mw/closed` is never reached. */
export const GET = () => new Response("open");
