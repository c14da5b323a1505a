/** A connection for migrations, which a database that cannot be reached refuses in words. */
import { UserError } from "./user-error.ts";

/** How pg's `Client` is made. */
export interface ClientOptions {
  readonly connectionString: string;
  readonly connectionTimeoutMillis: number;
  readonly application_name: string;
}

/** What is used of it. */
interface Connecting {
  connect(): Promise<unknown>;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** A database, and who asks it. */
interface Asked {
  /** Its name in hosting.json. */
  readonly name: string;
  readonly url: string;
  /** For the message. */
  readonly from: "here" | "the VPC";
  /** What a user does where it cannot be reached. */
  readonly fix: string;
}

const connectMs = 10_000;

/** Connects within ten seconds. Throws UserError DATABASE_UNREACHABLE. @param Client the app's own pg's */
export async function openConnection<Client extends Connecting>(
  Client: new (options: ClientOptions) => Client,
  { name, url, from, fix }: Asked,
): Promise<Client> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: connectMs,
    application_name: "portico migrate",
  });
  // A connection that is cut while nothing is asked would end the process; the next query tells it.
  client.on("error", () => {});
  await client.connect().catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UserError("DATABASE_UNREACHABLE", `the database ${name} cannot be asked from ${from}: ${why}`, fix, {
      cause,
    });
  });
  return client;
}
