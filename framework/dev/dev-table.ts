/** The DynamoDB table of an app under development on Lambda: made for the first function that needs the store. */
import type { LocalTable } from "../emulation/dynamodb/local-table.ts";
import type { Emulator } from "../emulation/emulator.ts";
import type { App } from "../model/app.ts";
import type { LoadedFunction } from "../model/invocation.ts";
import { lambdaFiles, lambdaPlace } from "./lambda-place.ts";

/** The table, and what gives a function its variables if it needs the store. */
interface TableVariables {
  openTable(): Promise<LocalTable>;
  withTable(fn: LoadedFunction, role?: string): Promise<LoadedFunction>;
}

/**
 * The emulator, whose functions that need the store have the variables with which they reach the table. Its items are
 * kept in the app's data folder, and shared with other processes that serve the app.
 * @param onError gets failures of the table's server
 * @param secret of the credentials, which other services take too
 */
export function withTable<E extends Emulator>(
  app: App,
  emulator: E,
  onError: (error: unknown) => void,
  secret?: string,
): E & TableVariables {
  let table: Promise<LocalTable> | undefined;
  const open = async (): Promise<LocalTable> => {
    const { openLocalTable } = await import("../emulation/dynamodb/local-table.ts");
    return openLocalTable({
      ...lambdaPlace(app),
      file: lambdaFiles(app).items,
      onError,
      ...(secret !== undefined && { secret }),
    });
  };
  const openTable = (): Promise<LocalTable> => {
    table ??= open();
    // The next request tries again.
    table.catch(() => (table = undefined));
    return table;
  };
  const withVariables = async (fn: LoadedFunction, role?: string): Promise<LoadedFunction> => {
    if (!fn.needs?.includes("store")) return fn;
    return { ...fn, cloudEnv: { ...fn.cloudEnv, ...(await openTable()).variables(fn.id, role) } };
  };
  return {
    ...emulator,
    openTable,
    withTable: withVariables,
    invoke: async (fn, request, to) => emulator.invoke(await withVariables(fn), request, to),
    async close() {
      await emulator.close();
      await (await table)?.close();
    },
  };
}
