/** A server of a test's own, to be stopped and started again, and a network to put before one. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { handstreamCommand } from './cameras.ts';

export interface Server {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts a server and waits until it takes sessions. On port 0 it takes any that is free. */
export function startServer(port: number, ...options: string[]): Promise<Server> {
  return start(['serve', '--port', String(port), ...options], ({ stderr }) => stderr);
}

/** Stands before that server as a network of that profile would (`handstream relay`). */
export function startRelay(serverUrl: string, profile: string): Promise<Server> {
  return start(['relay', '--profile', profile, '--target', new URL(serverUrl).host, '--port', '0'], ({ stdout }) => stdout);
}

async function start(args: readonly string[], outputOf: (command: ChildProcess) => Readable | null): Promise<Server> {
  const command = spawn(handstreamCommand(), args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, FORCE_COLOR: '', NO_COLOR: '1' },
  });
  const exited = once(command, 'exit');
  const output = outputOf(command);
  // What nobody reads is let go, so that the command never waits for a reader.
  for (const stream of [command.stdout, command.stderr]) if (stream !== output) stream.resume();
  const url = await addressIn(output);
  const stop = async (): Promise<void> => {
    command.kill('SIGINT'); // One that has ended is not hit.
    await exited;
  };
  return { url, stop };
}

async function addressIn(output: Readable | null): Promise<string> {
  if (output === null) throw new Error('the command has no output');
  const said: string[] = [];
  for await (const line of createInterface(output)) {
    said.push(line);
    const url = /open (?<url>https?:\/\/\S+)/i.exec(line)?.groups?.['url'];
    if (url !== undefined) {
      output.resume();
      return url;
    }
  }
  throw new Error(`the command did not start: ${said.join('\n')}`);
}
