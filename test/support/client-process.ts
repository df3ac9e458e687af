import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { deferred } from '../../lib/util/deferred.js';
import { Correspondence, type Verbs, type Word } from './client-channel.js';
import type { ClientProgram } from './client-program.js';
import { ended, reap, type Reaper } from './reaper.js';

export interface ClientStart {
  /** What the process runs, below the program's folder: `test/support/client-main.js`. */
  readonly main: string;
  readonly args: readonly string[];
  /** What it may ask for, beside telling that it is ready. */
  readonly verbs?: Verbs;
}

/** A client in a process of its own, that can be killed and stopped like any other. Its verbs are those of its main file. */
export class ClientProcess {
  private readonly losses = new Set<string>();
  private readonly began = deferred<void>();
  private readonly reaper: Reaper;
  private readonly channel: Correspondence;

  private constructor(
    private readonly child: ChildProcess,
    verbs: Verbs,
  ) {
    this.reaper = reap(child);
    const own = {
      ready: () => this.began.resolve(),
      lost: (key: string) => void this.losses.add(key),
    };
    const send = (word: Word): void => void (child.connected && child.send(word, () => undefined));
    this.channel = new Correspondence(send, { ...own, ...verbs });
    child.on('message', (word: Word) => this.channel.hear(word));
    child.on('exit', () => this.gone());
  }

  /**
   * @param url of the store, whose options it carries
   * @param settings of the runtime, in milliseconds
   */
  static start(program: ClientProgram, url: string, settings: object = {}): Promise<ClientProcess> {
    const args = [url, JSON.stringify(settings)];
    return ClientProcess.launch(program, { main: 'test/support/client-main.js', args });
  }

  /** Resolves when it is ready. */
  static async launch(program: ClientProgram, start: ClientStart): Promise<ClientProcess> {
    const { main, args, verbs = {} } = start;
    const env = { ...process.env, ...program.env };
    const child = fork(join(program.folder, main), args, { execArgv: [], env });
    const client = new ClientProcess(child, verbs);
    await client.began.promise;
    return client;
  }

  ask<T>(verb: string, ...args: unknown[]): Promise<T> {
    return this.channel.ask(verb, ...args);
  }

  acquire(key: string, options: object = {}): Promise<{ token: number }> {
    return this.ask('acquire', key, options);
  }

  /** True where it was told that it lost that key. */
  hasLost(key: string): boolean {
    return this.losses.has(key);
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** How it ended: its status, or the signal that ended it. */
  async exit(): Promise<number | NodeJS.Signals | null> {
    await ended(this.child);
    return this.child.exitCode ?? this.child.signalCode;
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await ended(this.child);
  }

  private gone(): void {
    this.reaper.dismiss();
    const error = new Error('the client process has ended');
    this.began.reject(error);
    this.channel.end(error);
  }
}
