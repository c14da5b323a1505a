import { Hono } from "hono";
import foot from "../_views/foot.jinja";

export default new Hono().get("/templates/hono", (c) =>
  c.req.query("text") === undefined ? foot({ count: 1 }) : c.html(foot.render({ count: "<2>" })),
);
