/** `npm run test:load`: runs npm test beside eight busy loops, to find tests that depend on an idle machine. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
/** A busy loop that ends when its parent process is gone. */
const loop = `const parent = process.ppid;
for (;;) {
  const next = Date.now() + 100;
  while (Date.now() < next);
  if (process.ppid !== parent) process.exit();
}`;

const loops = Array.from({ length: 8 }, () => spawn(process.execPath, ["-e", loop], { stdio: "ignore" }));
try {
  const started = performance.now();
  const tests = spawn("npm", ["test"], { cwd: root, stdio: "inherit", shell: process.platform === "win32" });
  const [code] = (await once(tests, "exit")) as [number | null];
  process.stdout.write(
    `npm test beside ${loops.length} busy loops: ${((performance.now() - started) / 1000).toFixed(0)} s\n`,
  );
  process.exitCode = code ?? 1;
} finally {
  for (const child of loops) child.kill();
}
