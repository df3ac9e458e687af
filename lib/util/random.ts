import { randomFillSync, randomInt, randomUUID } from 'node:crypto';

/** A number from 0 up to, not including, 1. Tests give a seeded one. */
export type Random = () => number;

const STEPS = 2 ** 32;

export const systemRandom: Random = () => randomInt(STEPS) / STEPS;

/** A random id of 128 bits, as 32 hexadecimal digits: a UUID of version 4, for which Node keeps random bytes in stock. */
export function randomId(): string {
  return randomUUID().replaceAll('-', '');
}

const ID_BYTES = 16;
const IDS_IN_STOCK = 128;

/** As {@link randomId}, from a stock of random bytes of its own, each used once: for whoever draws many. */
export class RandomIds {
  private readonly stock = Buffer.alloc(ID_BYTES * IDS_IN_STOCK);
  private at = this.stock.length;

  next(): string {
    if (this.at === this.stock.length) {
      randomFillSync(this.stock);
      this.at = 0;
    }
    const from = this.at;
    this.at += ID_BYTES;
    return this.stock.toString('hex', from, this.at);
  }
}
