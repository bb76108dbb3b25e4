/** A server of a test's own, to be stopped and started again. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { handstreamCommand } from './cameras.ts';

export interface Server {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts a server and waits until it takes sessions. On port 0 it takes any that is free. */
export async function startServer(port: number): Promise<Server> {
  const server = spawn(handstreamCommand(), ['serve', '--port', String(port)], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, FORCE_COLOR: '', NO_COLOR: '1' },
  });
  const url = await addressOf(server);
  const stop = async (): Promise<void> => {
    if (server.exitCode !== null) return;
    server.kill('SIGINT');
    await once(server, 'exit');
  };
  return { url, stop };
}

async function addressOf(server: ChildProcess): Promise<string> {
  if (server.stderr === null) throw new Error('the server has no stderr');
  const said: string[] = [];
  for await (const line of createInterface(server.stderr)) {
    said.push(line);
    const url = /Open (?<url>http:\/\/\S+)/.exec(line)?.groups?.['url'];
    if (url !== undefined) {
      server.stderr.resume(); // Whatever else it says is let go, so that it never waits for a reader.
      return url;
    }
  }
  throw new Error(`the server did not start: ${said.join('\n')}`);
}
