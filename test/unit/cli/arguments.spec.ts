import { describe, expect, it } from '@jest/globals';
import { commandOf } from '../../../lib/cli/arguments.js';
import { BadInput } from '../../../lib/cli/bad-input.js';

const URL = 'redis://:hunter2@h:1';
const read = (line: string): unknown => commandOf(line.split(' ').filter((word) => word !== ''));

describe('what is typed', () => {
  it('says what to look at, and where', () => {
    expect(read(`inspect ${URL}`)).toEqual({
      kind: 'inspect',
      url: URL,
      namespace: 'lock',
      pattern: '*',
      isJson: false,
      most: 1_000,
    });
    expect(read(`watch ${URL} vote:* --json --interval 250ms --most 5 -n shop`)).toEqual({
      kind: 'watch',
      url: URL,
      namespace: 'shop',
      pattern: 'vote:*',
      isJson: true,
      most: 5,
      intervalMs: 250,
    });
  });

  it('says what to release, also a key that looks like an option or a pattern', () => {
    const release = { kind: 'release', url: URL, namespace: 'lock', isSure: false };
    expect(read(`release ${URL} a*`)).toEqual({ ...release, key: 'a*' });
    expect(read(`release ${URL} -y -- --yes`)).toEqual({ ...release, isSure: true, key: '--yes' });
  });

  it.each(['--help', '-h', `inspect ${URL} --help`, 'nonsense --help'])('asks for help: %s', (line) => {
    expect(read(line)).toEqual({ kind: 'help' });
  });

  it('asks for the version', () => {
    expect(read('--version')).toEqual({ kind: 'version' });
  });
});

describe('what cannot be meant', () => {
  it.each([
    ['', /Say what to do: inspect, watch or release/],
    ['look', /"look" is no command/],
    ['toString', /"toString" is no command/],
    ['inspect', /inspect needs the URL of a store/],
    ['release', /release needs the URL/],
    [`release ${URL}`, /release needs the key/],
    [`inspect ${URL} a b`, /no more than a URL and a pattern/],
    [`release ${URL} a b`, /no more than a URL and a key/],
    [`inspect ${URL} --yes`, /inspect has no option --yes/],
    [`inspect ${URL} --interval 1s`, /inspect has no option --interval/],
    [`release ${URL} a --json`, /release has no option --json/],
    [`inspect ${URL} --nope`, /There is no option --nope/],
    [`inspect ${URL} -x`, /There is no option -x/],
    [`inspect ${URL} --namespace`, /Option --namespace needs a value/],
    [`inspect ${URL} --json=1`, /Option --json is misused/],
    [`inspect ${URL} --most 0`, /--most must be a whole number/],
    [`inspect ${URL} --most 1e3`, /--most must be a whole number/],
    [`inspect ${URL} --most 1000001`, /--most must be a whole number/],
    [`watch ${URL} --interval 10ms`, /--interval must be a time/],
    [`watch ${URL} --interval fast`, /--interval must be a time/],
  ])('is refused in one line: %s', (line, reason) => {
    const attempt = (): unknown => read(line);
    expect(attempt).toThrow(BadInput);
    expect(attempt).toThrow(reason);
    expect(attempt).not.toThrow(/\n/);
  });

  it('is refused where the pattern is empty', () => {
    expect(() => commandOf(['inspect', URL, ''])).toThrow(/pattern is empty/);
  });

  it.each([
    [URL],
    [URL, 'inspect'],
    ['inspect', URL, URL, URL],
    [`--${URL}`],
    [`--url=${URL}`],
    [`-${URL}`],
    ['release', URL],
    ['inspect', '--most', URL, URL],
    ['inspect', '--interval', URL],
    ['watch', '--interval', URL, URL],
    ['hunter2'.repeat(4)],
  ])('repeats no part of an address: %j %j', (...args) => {
    const attempt = (): unknown => commandOf(args);
    expect(attempt).toThrow(BadInput);
    expect(attempt).not.toThrow(/hunter2/);
  });
});
