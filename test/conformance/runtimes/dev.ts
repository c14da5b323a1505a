/** Makes the runtimes of `portico dev`: the gateway and a target's emulation, with functions built on request. */
import { createDevBuilder } from "../../../framework/bundler/dev-builder.ts";
import { functionId } from "../../../framework/bundler/function-groups.ts";
import type { Emulator } from "../../../framework/emulation/emulator.ts";
import { createGateway } from "../../../framework/dev/gateway.ts";
import type { Target } from "../../../framework/model/target.ts";
import { discoverAssets } from "../../../framework/routes/static-files.ts";
import { discoverRoutes } from "../../../framework/routes/route-discovery.ts";
import { send } from "../raw-client.ts";
import type { RunningApp, LoadedApp } from "../runtime.ts";

/** Starts an app in development on a free port. */
export async function startDev(
  { app, env, folder }: LoadedApp,
  target: Target,
  emulator: Emulator,
): Promise<RunningApp> {
  const [routes, assets] = await Promise.all([discoverRoutes(app.root), discoverAssets(app.root, app.assets, app)]);
  const builder = createDevBuilder({ app: { ...app, targets: [target] }, target, out: folder, env });
  builder.setRoutes(routes);
  const bugs: unknown[] = [];
  const quiet = (): void => {};
  const onError = (error: unknown): void => void bugs.push(error);
  const gateway = await createGateway({
    port: 0,
    target,
    ...(app.lambda.front && { front: app.lambda.front }),
    root: app.root,
    ...(app.trailingSlash && { trailingSlash: app.trailingSlash }),
    emulator,
    source: builder,
    onAccess: quiet,
    onFailure: quiet,
    onError,
  });
  gateway.update({
    routes: routes.map((route) => ({ ...route, function: functionId(app.group, target, route) })),
    assets,
  });
  return {
    origin: gateway.url,
    send: async (ask) => {
      const answer = await send(gateway.url, ask);
      // What the gateway itself failed at says more than its bare 500.
      if (bugs.length > 0) throw new AggregateError(bugs.splice(0), "the gateway failed");
      return answer;
    },
    close: async () => {
      await gateway.close();
      await Promise.all([emulator.close(), builder.close()]);
    },
  };
}
