/** What was typed cannot be meant; the message is the one line that says why, and shows nothing that may be secret. */
export class BadInput extends Error {}

/** What a command ends with. */
export const STATUS = { done: 0, notHeld: 1, failed: 1, badInput: 2 } as const;
