import { recordHistory, type HistoryRecorder, type LockEvent } from '../../../lib/testing/history.js';
import { manualClock } from '../../../lib/testing/manual-clock.js';
import { type Random, seededRandom } from './random.js';

export interface GeneratedOptions {
  readonly seed: number;
  readonly clients: number;
  /** Acquires in all. */
  readonly requests: number;
  readonly capacity: number;
  /** One of these for each request. */
  readonly weights: readonly number[];
  /** Share of requests that are one attempt. */
  readonly attempts: number;
}

interface Waiter {
  readonly weight: number;
  readonly grant: () => void;
}

/** A server with a fair line for one key, reached over a network that delays each message for 0–1 ms. */
class FairServer {
  private held = 0;
  private token = 0;
  private readonly line: Waiter[] = [];

  constructor(private readonly capacity: number) {}

  join(waiter: Waiter): void {
    this.line.push(waiter);
    this.serve();
  }

  attempt(weight: number): boolean {
    if (this.line.length > 0 || this.held + weight > this.capacity) return false;
    this.held += weight;
    return true;
  }

  release(weight: number): void {
    this.held -= weight;
    this.serve();
  }

  nextToken(): number {
    return (this.token += 64);
  }

  private serve(): void {
    while (this.line[0] && this.held + this.line[0].weight <= this.capacity) {
      const first = this.line.shift()!;
      this.held += first.weight;
      first.grant();
    }
  }
}

/** What well-behaved clients would see of a well-behaved lock. */
export function generateHistory(options: GeneratedOptions): LockEvent[] {
  const random = seededRandom(options.seed);
  const clock = manualClock();
  const recorder = recordHistory(clock);
  const server = new FairServer(options.capacity);
  let left = options.requests;
  const run = (client: Client): void => {
    if (left-- <= 0) return;
    clock.setTimer(random.next() * 3, () => client.ask(() => run(client)));
  };
  for (let number = 0; number < options.clients; number++) {
    run(new Client(`c${number}`, { random, clock, recorder, server, options }));
  }
  while (clock.pending > 0) clock.advance(100);
  return [...recorder.events];
}

interface World {
  readonly random: Random;
  readonly clock: ReturnType<typeof manualClock>;
  readonly recorder: HistoryRecorder;
  readonly server: FairServer;
  readonly options: GeneratedOptions;
}

class Client {
  constructor(
    private readonly name: string,
    private readonly world: World,
  ) {}

  ask(done: () => void): void {
    const { random, recorder, server, options } = this.world;
    const weight = random.pick(options.weights);
    const waits = random.next() >= options.attempts;
    const request = recorder.asked({
      client: this.name,
      key: 'k',
      capacity: options.capacity,
      weight,
      waits,
    });
    this.later(() => {
      const grant = (): void => {
        const token = server.nextToken();
        this.later(() => this.hold({ request, weight, token, done }));
      };
      if (waits) {
        server.join({ weight, grant });
        this.later(() => recorder.note(request, { kind: 'queued' }));
      } else if (server.attempt(weight)) grant();
      else {
        this.later(() => {
          recorder.note(request, { kind: 'busy' });
          done();
        });
      }
    });
  }

  private hold({ request, weight, token, done }: Held): void {
    const { random, clock, recorder, server } = this.world;
    recorder.note(request, { kind: 'granted', owner: `o${request}`, token });
    clock.setTimer(random.next() * 3, () => {
      recorder.note(request, { kind: 'released' });
      this.later(() => {
        server.release(weight);
        this.later(() => {
          recorder.note(request, { kind: 'freed' });
          done();
        });
      });
    });
  }

  /** Over the network. */
  private later(action: () => void): void {
    this.world.clock.setTimer(this.world.random.next(), action);
  }
}

interface Held {
  readonly request: number;
  readonly weight: number;
  readonly token: number;
  readonly done: () => void;
}
