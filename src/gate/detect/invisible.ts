/** The three flags that are written with tag characters (Unicode emoji RGI). */
const flags =
  /\u{1f3f4}\u{e0067}\u{e0062}(?:\u{e0065}\u{e006e}\u{e0067}|\u{e0073}\u{e0063}\u{e0074}|\u{e0077}\u{e006c}\u{e0073})\u{e007f}/gu

const suspicious: readonly RegExp[] = [
  /[\u{e0000}-\u{e007f}]/u,
  // controls but tab and line ends; overrides, embeddings and isolates of direction
  // oxlint-disable-next-line no-control-regex
  /[\0-\u0008\v\f\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/,
  // zero-width space, word joiner, invisible operators, byte order mark inside, fillers
  /[\u180e\u200b\u2060-\u2065\u206a-\u206f\u115f\u1160\u3164\uffa0\u17b4\u17b5\ufff0-\ufffb]|(?!^)\ufeff/,
  // notation of music and shorthand, and what is not assigned but never drawn
  /[\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0080}-\u{e00ff}\u{e01f0}-\u{e0fff}]/u,
  // a soft hyphen belongs between letters, a grapheme joiner between marks
  /(?<!\p{L})\u00ad|\u00ad(?!\p{L})|(?<=[\p{Script=Latin}\p{N}\s\p{P}]|^)\u034f|\u034f{2}/u,
  /[\u061c\u200e\u200f]{2}/,
  // joiners are part of emoji and of some scripts, and nothing anywhere else
  /(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])\u200d(?!\P{Script=Latin})|(?<=[\p{Script=Latin}\p{N}\s\p{P}]|^)[\u200c\u200d]/u,
  // a selector chooses between two pictures of one character; a run of them is a text
  /[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]{2}/u,
  /(?<=[\p{Script=Latin}\s]|^)[\ufe00-\ufe0e\u{e0100}-\u{e01ef}]/u,
]

const directionMark = /[\u061c\u200e\u200f]/
const rightToLeft =
  /(?=\p{L})[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u

/**
 * Whether a text holds characters that people do not see and models read: tags, zero-width
 * characters, changes of direction, controls. Joiners, selectors, soft hyphens and single marks of
 * direction where writing needs them (emoji, Arabic, Hebrew, Indic scripts, long words) are left
 * alone, line ends and tabs too.
 */
export function hasInvisible(text: string): boolean {
  const rest = text.replaceAll(flags, '')
  if (directionMark.test(rest) && !rightToLeft.test(rest)) return true
  return suspicious.some((pattern) => pattern.test(rest))
}

const ignorable = /[\p{Default_Ignorable_Code_Point}\p{Cf}]/gu

/** The text as it looks: without what is drawn as nothing, look-alikes in one form. */
export function visibleForm(text: string): string {
  return text.replaceAll(ignorable, '').normalize('NFKC')
}

const joiners = /(?<=[\p{Script=Latin}\p{N}\s\p{P}]|^)[\u200c\u200d]+/gu
const selectors =
  /(?<=[\p{Script=Latin}\s]|^)[\ufe00-\ufe0e\u{e0100}-\u{e01ef}]+|(?<=[\ufe00-\ufe0f\u{e0100}-\u{e01ef}])[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]+/gu

/** What is taken out of texts by kind; each pattern is global and linear. */
export const strippable = {
  // sequences of terminals (ECMA-48): with parameters, with a text up to its end, short ones
  ansi: [
    // oxlint-disable-next-line no-control-regex
    /(?:\u001b\[|\u009b)[0-?]{0,128}[ -/]{0,16}[@-~]?|(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c\n]{0,4096}(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]{0,8}[0-~]?/g,
  ],
  bidi: [/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+/g],
  tags: [/[\u{e0000}-\u{e00ff}\u{e01f0}-\u{e0fff}]+/gu],
  'zero-width': [
    /[\u00ad\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb]+|\u034f/g,
    /[\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}]+/gu,
    joiners,
    selectors,
  ],
  // oxlint-disable-next-line no-control-regex
  control: [/[\0-\u0008\v\f\u000e-\u001f\u007f-\u009f]+/g],
} as const
