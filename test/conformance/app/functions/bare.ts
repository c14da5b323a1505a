/** `/bare`: no body, no header, nothing given. */
export const GET = () => new Response();
export const POST = () => new Response(null, { status: 200 });
