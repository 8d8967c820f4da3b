const months = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ')
const month = String.raw`(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?`
const time = String.raw`(?:(?:[ t]|,? at )([01]?\d|2[0-3]):([0-5]\d)(?::[0-5]\d(?:\.\d+)?)?z?)?`

/** Spellings of a day, with an optional time: year first, or a month by name. */
const spellings: readonly { readonly pattern: string; readonly order: readonly number[] }[] = [
  { pattern: String.raw`(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})${time}`, order: [1, 2, 3, 4, 5] },
  {
    pattern: String.raw`(\d{1,2})(?:st|nd|rd|th)?\.? (?:of )?${month},? (\d{4})${time}`,
    order: [3, 2, 1, 4, 5],
  },
  {
    pattern: String.raw`${month} (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})${time}`,
    order: [3, 1, 2, 4, 5],
  },
]

const whole = spellings.map(({ pattern, order }) => ({
  pattern: new RegExp(`^${pattern}$`, 'i'),
  order,
}))
const within = spellings.map(({ pattern, order }) => ({
  pattern: new RegExp(String.raw`(?<![\w.-])${pattern}(?![\w-])`, 'gi'),
  order,
}))

/**
 * A day, or a minute of a day, as `2026-11-21` or `2026-11-21T10:00`; midnight is the day.
 * Undefined for other text, and for numbers of which day and month could be meant either way.
 */
export function dateOf(text: string): string | undefined {
  for (const { pattern, order } of whole) {
    const match = pattern.exec(text)
    if (match !== null) return written(match, order)
  }
  return undefined
}

export function datesIn(text: string): readonly string[] {
  const dates: string[] = []
  for (const { pattern, order } of within) {
    for (const match of text.matchAll(pattern)) {
      const date = written(match, order)
      if (date !== undefined) dates.push(date)
    }
  }
  return dates
}

function written(match: RegExpExecArray, order: readonly number[]): string | undefined {
  const [year, monthText, day, hour, minute] = order.map((group) => match[group])
  const named = months.indexOf(monthText!.slice(0, 3).toLowerCase()) + 1
  const number = named > 0 ? named : Number(monthText)
  if (number < 1 || number > 12 || Number(day) < 1 || Number(day) > 31) return undefined
  const date = `${year}-${String(number).padStart(2, '0')}-${day!.padStart(2, '0')}`
  if (hour === undefined || (Number(hour) === 0 && minute === '00')) return date
  return `${date}T${hour.padStart(2, '0')}:${minute}`
}
