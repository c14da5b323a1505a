/** `/docs/intro`: of fixed length, so before `/docs/[...path]`. */
export const GET = () => new Response("docs/intro");
