import { expect, test } from 'vitest'
import { hasInvisible, strippable, visibleForm } from '../../../../src/gate/detect/invisible.ts'

const scotland = '🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}'
const england = '🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}'
const wales = '🏴\u{e0067}\u{e0062}\u{e0077}\u{e006c}\u{e0073}\u{e007f}'

test.each([
  ['a letter of tags', 'a\u{e0061}'],
  ['the first tag', '\u{e0000}'],
  ['a flag of no country', '🏴\u{e0067}\u{e0062}\u{e007f}'],
  ['tags behind a flag', `${scotland}\u{e0061}`],
  ['a control', 'a\u0007b'],
  ['the delete character', 'a\u007f'],
  ['an override of direction', 'a\u202eb'],
  ['an isolate', 'a\u2066b'],
  ['a zero-width space', 'a\u200bb'],
  ['a word joiner', 'a\u2060b'],
  ['a filler', 'a\u3164b'],
  ['a byte order mark inside', 'a\ufeff'],
  ['a joiner between Latin letters', 'a\u200db'],
  ['a joiner between a script that joins and a Latin letter', 'क\u200da'],
  ['a joiner at the end of a script that joins', 'क\u200d'],
  ['a joiner behind a digit', '1\u200dष'],
  ['a non-joiner behind a digit', '1\u200cष'],
  ['a non-joiner behind a space', ' \u200cष'],
  ['a non-joiner behind a sign', '.\u200cष'],
  ['a non-joiner at the beginning', '\u200cष'],
  ['two selectors', '😀\ufe0f\ufe0f'],
  ['two selectors of the second plane', '葛\u{e0100}\u{e01ef}'],
  ['a selector behind a Latin letter', 'a\ufe01'],
  ['a selector behind a space', ' \u{e0100}'],
  ['a selector at the beginning', '\ufe0e'],
  ['two soft hyphens', 'a\u00ad\u00adb'],
  ['a soft hyphen behind a digit', '1\u00adb'],
  ['a soft hyphen at the end', 'a\u00ad'],
  ['a grapheme joiner behind a Latin letter', 'a\u034fb'],
  ['two grapheme joiners', 'ש\u034f\u034fב'],
  ['a mark of direction in Latin text', 'a\u200eb'],
  ['two marks of direction', 'שלום\u200f\u200f'],
  ['an Arabic mark without Arabic', '1\u061c2'],
  ['a vowel of Khmer that is not drawn', 'ក\u17b4'],
  ['an annotation', 'a\ufff9b'],
  ['a character that is not assigned', 'a\u2065'],
  ['one that is not assigned but special', 'a\ufff0'],
  ['the beginning of a beam', '\u{1d173}'],
  ['the end of a phrase', '\u{1d17a}'],
  ['a step of shorthand', '\u{1bca0}\u{1bca3}'],
  ['the plane of tags behind the tags', '\u{e0080}'],
  ['the plane of tags behind the selectors', '\u{e01f0}'],
  ['the end of the plane of tags', '\u{e0fff}'],
])('%s is invisible', (_, text) => expect(hasInvisible(text)).toBe(true))

test.each([
  ['plain text', 'naïve 日本語 שלום 1.'],
  ['tabs and line ends', 'a\tb\r\nc'],
  ['a byte order mark at the beginning', '\ufeffa'],
  ['the three flags of tags', `${england} ${scotland} ${wales}`],
  ['joined emoji', '👩‍👧'],
  ['a joiner behind an emoji', '👩\u200d'],
  ['a joiner behind a tone of skin', '👍🏽\u200d'],
  ['a joiner behind an emoji with its selector', '❤\ufe0f\u200d'],
  ['a joiner in a script that joins', 'क\u200dष'],
  ['a non-joiner in a script that joins', 'می\u200cخواهم'],
  ['a selector of an emoji', '❤\ufe0f'],
  ['a selector of a character', '葛\u{e0100}'],
  ['a keycap', '1\ufe0f\u20e3'],
  ['a soft hyphen in a word', 'Donau\u00addampf'],
  ['a mark of direction in Hebrew', 'שלום\u200f!'],
  ['a mark of direction in Arabic', 'سلام\u061c 1'],
  ['a grapheme joiner between marks', 'שִ\u034fּ'],
])('%s is not invisible', (_, text) => expect(hasInvisible(text)).toBe(false))

test.each([
  ['without what is drawn as nothing', 'a\u034fb\u115fc\u{e0061}', 'abc'],
  ['without format characters', 'a\ufff9b\u200dc\u0600', 'abc'],
  ['in the plain form of look-alikes', '\uff41\u{1d41b}\ufb01', 'abfi'],
  ['as it is', 'naïve 日本語', 'naïve 日本語'],
])('a text is seen %s', (_, text, seen) => expect(visibleForm(text)).toBe(seen))

const strip = (kind: keyof typeof strippable, text: string): string =>
  strippable[kind].reduce((rest, pattern) => rest.replaceAll(pattern, '_'), text)

test.each([
  ['a colour', '\u001b[31mx\u001b[0my', '_x_y'],
  ['several parameters', '\u001b[1;31;4mx', '_x'],
  ['intermediate characters', '\u001b[1 !qx', '_x'],
  ['a sequence of one character', '\u009b31mx', '_x'],
  ['a sequence without an end', '\u001b[31', '_'],
  ['a sequence that is cut by a letter of another script', '\u001b[31é', '_é'],
  ['a title up to a bell', '\u001b]0;title\u0007x', '_x'],
  ['a title up to its terminator', '\u001b]0;title\u001b\\x', '_x'],
  ['a title up to a terminator of one character', '\u009d0;title\u009cx', '_x'],
  ['a title without an end', '\u001b]0;title\nx', '_\nx'],
  ['a title before another sequence', '\u001b]0;title\u001b[31mx', '__x'],
  ['an empty title', '\u001b]\u0007x', '_x'],
  ['a device text', '\u001bPabc\u001b\\x', '_x'],
  ['a choice of characters', '\u001b(Bx', '_x'],
  ['a short sequence', '\u001bcx', '_x'],
  ['a short sequence of several intermediates', '\u001b #8x', '_x'],
  ['an escape alone', '\u001béx', '_éx'],
  ['an escape at the end', 'x\u001b', 'x_'],
])('of terminals: %s is taken out', (_, text, rest) => expect(strip('ansi', text)).toBe(rest))

test.each([
  ['bidi', 'a\u202e\u2066b\u200f', 'a_b_'],
  ['tags', 'a\u{e0061}\u{e0062}b', 'a_b'],
  ['zero-width', 'a\u200b\u2060b\ufeff', 'a_b_'],
  ['tags', 'a\u{e0080}\u{e00ff}b\u{e01f0}\u{e0fff}c', 'a_b_c'],
  ['tags', '葛\u{e0100}\u{e01ef}', '葛\u{e0100}\u{e01ef}'],
  ['zero-width', 'a\u034fb', 'a_b'],
  ['zero-width', 'a\ufff0\ufffbb\ufffc\u{1bca0}\u{1d17a}c', 'a_b\ufffc_c'],
  ['zero-width', 'a\u200d\u200cb', 'a_b'],
  ['zero-width', '1\u200dष .\u200cष', '1_ष ._ष'],
  ['zero-width', '\u200cष', '_ष'],
  ['zero-width', 'a\ufe01\u{e0100}b', 'a_b'],
  ['zero-width', ' \ufe01', ' _'],
  ['zero-width', '\u{e0100}葛', '_葛'],
  ['zero-width', '葛\u{e0100}\u{e0101}\ufe0f', '葛\u{e0100}_'],
  ['zero-width', '👩‍👧 می\u200cخواهم ❤\ufe0f 葛\u{e0100}', '👩‍👧 می\u200cخواهم ❤\ufe0f 葛\u{e0100}'],
  ['control', 'a\u0007\u0000b\u0085\tc\r\n', 'a_b_\tc\r\n'],
] as const)('%s: of %j is left %j', (kind, text, rest) => expect(strip(kind, text)).toBe(rest))
