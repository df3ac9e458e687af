import { type ChildProcess, fork } from 'node:child_process';
import type { ClientProgram } from './client-program.js';
import { deferred, type Deferred } from '../../lib/util/deferred.js';
import { ended, reap, type Reaper } from './reaper.js';

/** What a client process tells of. */
type Message =
  | { readonly ready: true }
  | { readonly lost: string; readonly why: string }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly failure: { readonly code?: string; readonly message: string } };

/** A client in a process of its own, that can be killed and stopped like any other. Its verbs are those of `client-main.mjs`. */
export class ClientProcess {
  private readonly asked = new Map<number, Deferred<unknown>>();
  private readonly losses = new Set<string>();
  private readonly began = deferred<void>();
  private readonly reaper: Reaper;
  private lastId = 0;

  private constructor(private readonly child: ChildProcess) {
    this.reaper = reap(child);
    child.on('message', (message: Message) => this.hear(message));
    child.on('exit', () => this.gone());
  }

  /**
   * @param url of the store, whose options it carries
   * @param settings of the runtime, in milliseconds
   */
  static async start(program: ClientProgram, url: string, settings: object = {}): Promise<ClientProcess> {
    const args = [program.folder, url, JSON.stringify(settings)];
    const child = fork('test/support/client-main.mjs', args, {
      execArgv: [],
      env: { ...process.env, ...program.env },
    });
    const client = new ClientProcess(child);
    await client.began.promise;
    return client;
  }

  ask<T>(verb: string, ...args: unknown[]): Promise<T> {
    const id = ++this.lastId;
    const answer = deferred<unknown>();
    this.asked.set(id, answer);
    this.child.send({ id, verb, args });
    return answer.promise as Promise<T>;
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

  private hear(message: Message): void {
    if ('ready' in message) return this.began.resolve();
    if ('lost' in message) return void this.losses.add(message.lost);
    const answer = this.asked.get(message.id);
    this.asked.delete(message.id);
    if ('result' in message) answer?.resolve(message.result);
    else answer?.reject(Object.assign(new Error(message.failure.message), { code: message.failure.code }));
  }

  private gone(): void {
    this.reaper.dismiss();
    const error = new Error('the client process has ended');
    this.began.reject(error);
    for (const { reject } of this.asked.values()) reject(error);
    this.asked.clear();
  }
}
