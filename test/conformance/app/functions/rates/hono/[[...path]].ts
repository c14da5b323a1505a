/** `/rates/hono`: the same middleware inside of a Hono app, with its settings and with given ones. */
import { Hono } from "hono";
import { rates } from "portico-rates";

export default new Hono()
  .basePath("/rates/hono")
  .get("/set", rates(), (c) => c.json(c.var.rates.format(1.005)))
  .get("/given", rates({ currency: "krw", decimals: 0 }), (c) => c.json(c.var.rates.format(1000)));
