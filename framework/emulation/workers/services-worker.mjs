/** Runs in workerd beside a version: passes requests and method calls of its service bindings to other processes. */
import { WorkerEntrypoint } from "cloudflare:workers";

/** Calls `use` with the target's entrypoint and holds the target's version until that ends. */
async function withTarget({ props }, env, use) {
  const response = await env.CONNECT.fetch(`http://connect/to/${encodeURIComponent(props.service)}`);
  if (!response.ok) throw new Error(await response.text());
  const { id, address, defaultService, namedService } = await response.json();
  try {
    const client = env.DEBUG.connect(address);
    const target = props.entrypoint
      ? client.getEntrypoint(namedService, props.entrypoint)
      : client.getEntrypoint(defaultService);
    return await use(target);
  } finally {
    await env.CONNECT.fetch(`http://connect/done/${id}`);
  }
}

/** Property names that JavaScript or workerd reads for another purpose than calling a method. */
const reserved = new Set([
  "then",
  "alarm",
  "connect",
  "self",
  "tail",
  "tailStream",
  "test",
  "trace",
  "webSocketClose",
  "webSocketError",
  "webSocketMessage",
]);

export class Service extends WorkerEntrypoint {
  constructor(context, env) {
    super(context, env);
    return new Proxy(this, {
      get(own, name) {
        if (typeof name !== "string" || name in own) return Reflect.get(own, name);
        if (reserved.has(name)) return undefined;
        // The caller may call this as a method or await it as a property.
        const call = (...args) => withTarget(context, env, (target) => target[name](...args));
        // oxlint-disable-next-line unicorn/no-thenable -- awaiting reads the property
        call.then = (done, fail) => withTarget(context, env, (target) => target[name]).then(done, fail);
        return call;
      },
    });
  }

  fetch(request) {
    if (this.ctx.props.entrypoint) return withTarget(this.ctx, this.env, (target) => target.fetch(request));
    const copy = new Request(request);
    copy.headers.set("x-portico-service", encodeURIComponent(this.ctx.props.service));
    return this.env.FETCH.fetch(copy);
  }
}

export default {};
