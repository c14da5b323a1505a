/** `/카페` */
export const GET = () => new Response("어서 오세요");
