import fails from "../_views/fails.jinja";

export const GET = (): Response => fails();
