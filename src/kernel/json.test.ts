import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonFault, type NumberRule, parseJson } from './json.ts';

describe('strict JSON', () => {
  it('reads what the native parser reads, for every value that keeps the rules', () => {
    const value = fc
      .jsonValue({ maxDepth: 6, depthSize: 'small', stringUnit: 'binary' })
      .filter((each) => !/\\u0000|__proto__/.test(JSON.stringify(each)));
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 1, '\t'), (each, indent) => {
        const text = JSON.stringify(each, null, indent);
        expect(parse(text, 'canonical')).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each([
    ['a member twice', '{"a":1,"b":[{"c":1,"d":2,"c":3}]}', '/b/0/c', 'duplicate_member'],
    ['a member twice, once escaped', '{"a/b~":{"x":1,"\\u0078":2}}', '/a~1b~0/x', 'duplicate_member'],
    ['__proto__', '{"a":{"__proto__":{}}}', '/a/__proto__', 'forbidden_member'],
    ['__proto__, escaped', '{"\\u005f_proto__":1}', '/__proto__', 'forbidden_member'],
    ['a high surrogate alone', '["x","\\ud800"]', '/1', 'lone_surrogate'],
    ['a low surrogate alone', '["\\udC00x"]', '/0', 'lone_surrogate'],
    ['surrogates in the wrong order', '["\\udc00\\ud800"]', '/0', 'lone_surrogate'],
    ['a lone surrogate in a name', '{"\\ud83d":1}', '', 'lone_surrogate'],
    ['an escaped NUL', '{"a":"x\\u0000"}', '/a', 'nul_character'],
    ['a raw NUL', '{"a":"\u0000"}', '/a', 'json_malformed'],
    ['33 levels', '['.repeat(33) + ']'.repeat(33), '/0'.repeat(32), 'json_too_deep'],
    ['a hundred thousand levels', '['.repeat(100_000), '/0'.repeat(32), 'json_too_deep'],
    ['an exponent', '{"quantity":1e2}', '/quantity', 'number_out_of_range'],
    ['sixteen digits', '[1234567890123456]', '/0', 'number_out_of_range'],
    ['sixteen digits behind the point', '[0.1234567890123456]', '/0', 'number_out_of_range'],
    ['zeros to count as digits', '[1.000000000000000]', '/0', 'number_out_of_range'],
    ['a number that a double holds as zero', `[0.${'0'.repeat(400)}1]`, '/0', 'number_out_of_range'],
    ['a byte order mark', '\ufeff{}', '', 'json_malformed'],
    ['NaN', '[NaN]', '/0', 'json_malformed'],
    ['a leading zero', '[01]', '', 'json_malformed'],
    ['a sign alone', '[-]', '/0', 'json_malformed'],
    ['a plus', '[+1]', '/0', 'json_malformed'],
    ['a comma at the end', '{"a":1,}', '', 'json_malformed'],
    ['a second value', '{} {}', '', 'json_malformed'],
    ['nothing', '', '', 'json_malformed'],
    ['a text cut short', '{"a":{"b":"c', '/a/b', 'json_malformed'],
    ['a comment', '/**/{}', '', 'json_malformed'],
  ])('refuses %s and says where', (_, text, pointer, code) => {
    expect(faultOf(text)).toEqual({ pointer, code });
  });

  it('refuses bytes that are not UTF-8, surrogates in UTF-8 included', () => {
    for (const bytes of [
      [0x22, 0xff, 0x22],
      [0x22, 0xc0, 0x80, 0x22],
      [0x22, 0xed, 0xa0, 0x80, 0x22],
      [0x22, 0xe2, 0x82, 0x22],
    ])
      expect(() => parseJson(Buffer.from(bytes))).toThrow(expect.objectContaining({ code: 'json_encoding' }));
  });

  it('allows 32 levels, surrogate pairs and fifteen digits', () => {
    expect(parse('['.repeat(32) + ']'.repeat(32))).toEqual(JSON.parse('['.repeat(32) + ']'.repeat(32)));
    expect(parse('["\\ud83d\\ude00","😀"]')).toEqual(['😀', '😀']);
    expect(parse('[123456789012345,-0.00123456789012345,0,-0]')).toEqual([123456789012345, -0.00123456789012345, 0, -0]);
  });

  it('takes, by the canonical rule, one text for each number only', () => {
    expect(parse('[1e-7,1e+21,0.1,-1,9007199254740991]', 'canonical')).toEqual([1e-7, 1e21, 0.1, -1, 9007199254740991]);
    for (const text of ['1.0', '1e1', '-0', '0.10', '1E-7', '0.0000001', '1e21', '9007199254740993', '1e400'])
      expect(faultOf(text, 'canonical')).toEqual({ pointer: '', code: 'number_out_of_range' });
  });
});

function parse(text: string, numbers?: NumberRule): unknown {
  return parseJson(Buffer.from(text), numbers);
}

function faultOf(text: string, numbers?: NumberRule): { pointer: string; code: string } {
  try {
    parse(text, numbers);
  } catch (error) {
    if (error instanceof JsonFault) return { pointer: error.pointer, code: error.code };
    throw error;
  }
  throw new Error(`taken: ${text}`);
}
