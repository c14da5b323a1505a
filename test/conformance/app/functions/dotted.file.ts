/** `/dotted.file`: dots in a name are literal. */
export const GET = () => new Response("dotted");
