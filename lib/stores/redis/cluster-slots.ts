/** In how many slots a cluster divides its keys. */
export const SLOTS = 16_384;

/** Of CRC-16/XMODEM, by the byte that goes out. @see https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/ */
const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let sum = byte << 8;
  for (let bit = 0; bit < 8; bit++) sum = sum & 0x8000 ? (sum << 1) ^ 0x1021 : sum << 1;
  return sum;
});

/** The slot of the first string of a lock key, which begins with its tag: `{tag}…`. */
export function slotOf(stateKey: string): number {
  const tag = stateKey.slice(1, stateKey.indexOf('}'));
  let sum = 0;
  for (const byte of Buffer.from(tag)) sum = ((sum << 8) & 0xffff) ^ TABLE[((sum >> 8) ^ byte) & 0xff]!;
  return sum % SLOTS;
}
