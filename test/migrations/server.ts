/** A Postgres of its own for the tests of a file, with databases that are copies of a template. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { startLocalPostgres } from "../../framework/emulation/postgres/local-postgres.ts";

/** What a test opens is closed with the server. */
export interface TestServer {
  /** A connection to a new database, which is a copy of `template`. */
  database(name: string, template?: string): Promise<Client>;
  /** One more connection to a database. */
  connect(name: string): Promise<Client>;
  url(name: string): string;
  /** Closes all connections. */
  close(): Promise<void>;
  stop(): Promise<void>;
}

export async function startServer(): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), "portico-migrations-"));
  const server = await startLocalPostgres({
    folder: join(folder, "postgres"),
    packageFolder: join(import.meta.dirname, "../.."),
    durable: false,
  });
  const opened: Client[] = [];
  const connect = async (name: string): Promise<Client> => {
    const client = new Client({ connectionString: server.url(name) });
    // A connection that a test cuts ends with an error that its query has, too.
    client.on("error", () => {});
    await client.connect();
    opened.push(client);
    return client;
  };
  const close = async (): Promise<void> => {
    for (const client of opened.splice(0)) await client.end().catch(() => undefined);
  };
  return {
    connect,
    url: (name) => server.url(name),
    database: async (name, template = "template1") => {
      const admin = new Client({ connectionString: server.url("postgres") });
      await admin.connect();
      await admin.query(`create database "${name}" template "${template}"`);
      await admin.end();
      return connect(name);
    },
    close,
    stop: async () => {
      await close();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
