/** `/a+b`: a plus in a path is a plus. */
export const GET = () => new Response("plus");
