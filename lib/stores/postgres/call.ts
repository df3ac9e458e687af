/** What an argument may be, before it is written as the server's type of it. */
export type CallArgument = string | number | boolean | null | readonly string[] | readonly number[];

/** A function of the schema that clients call, with its types; made by `scripts/generate-sql.mjs` only. */
export interface Call<Args extends readonly CallArgument[]> {
  /** Behind the table's name and before the revision. */
  readonly name: string;
  /** The server's types of the arguments, in order. */
  readonly types: readonly string[];
  /** Carries the types; never set. */
  readonly args?: Args;
}

export function defineCall<Args extends readonly CallArgument[]>(call: Call<Args>): Call<Args> {
  return call;
}

/** The argument as a text that the server reads as that type, whatever the driver would make of it. */
export function encode(type: string, value: CallArgument): string | null {
  if (value === null) return null;
  if (typeof value !== 'object') return type === 'bytea' ? bytes(String(value)) : String(value);
  const parts = type === 'bytea[]' ? value.map((one) => `"\\${bytes(String(one))}"`) : value;
  return `{${parts.join(',')}}`;
}

function bytes(text: string): string {
  return `\\x${Buffer.from(text).toString('hex')}`;
}
