import { machineMs } from './machine-time.js';

/** A write or a read that came with an older token than another before it. */
export interface Refusal {
  readonly key: string;
  readonly token: number;
  readonly atMs: number;
  readonly verb: 'open' | 'write';
}

interface Register {
  fence: number;
  value: number;
  accepted: number;
}

/**
 * What the locks protect: a number for each key, that processes read, and write back one greater. It takes only growing
 * tokens: what comes with a smaller one than it has seen is refused, for reading too, so that no update is built on a
 * value that is about to be replaced.
 */
export class Resource {
  readonly refusals: Refusal[] = [];
  private readonly registers = new Map<string, Register>();

  /** The value, or null where the token is too old. */
  open(key: string, token: number): number | null {
    const register = this.registerOf(key);
    if (!this.lets(register, { key, token, verb: 'open' })) return null;
    register.fence = token;
    return register.value;
  }

  /** True where it was written. */
  write(key: string, token: number, value: number): boolean {
    const register = this.registerOf(key);
    if (!this.lets(register, { key, token, verb: 'write' })) return false;
    register.fence = token;
    register.value = value;
    register.accepted++;
    return true;
  }

  get accepted(): number {
    return [...this.registers.values()].reduce((sum, { accepted }) => sum + accepted, 0);
  }

  /** How many accepted writes are not in the value: each is one that another has overwritten. */
  get lost(): number {
    return [...this.registers.values()].reduce((sum, { accepted, value }) => sum + accepted - value, 0);
  }

  private lets({ fence }: Register, asked: Omit<Refusal, 'atMs'>): boolean {
    if (asked.token >= fence) return true;
    this.refusals.push({ ...asked, atMs: machineMs() });
    return false;
  }

  private registerOf(key: string): Register {
    let register = this.registers.get(key);
    if (!register) {
      register = { fence: 0, value: 0, accepted: 0 };
      this.registers.set(key, register);
    }
    return register;
  }
}
