/** A process with a client of the store on Node: it runs each seed that it is sent, and sends back what it did. */
import { store } from "../../../framework/features/store/node.ts";
import { createCall } from "../../../framework/node/testing.ts";
import { type RunOfSeed, runClient } from "./store-client.ts";

const [data = "", client = ""] = process.argv.slice(2);
const entries = store<string | number>(createCall({ platform: { name: "node", data } }), "linear");

process.on("message", (run: Omit<RunOfSeed, "log">) => {
  void runClient(entries, { ...run, client: Number(client) }).then((log) =>
    process.send!({ ...run, log } satisfies RunOfSeed),
  );
});
process.send!("ready");
