/** Raw `pg` behind node:http, the limit of a route that queries; arguments: the URL and the statement. */
import { createServer } from "node:http";
import pg from "pg";

const [, , connectionString, statement] = process.argv;
const pool = new pg.Pool({ connectionString });
const server = createServer(async (_, response) => {
  const { rows } = await pool.query(statement);
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(rows));
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
