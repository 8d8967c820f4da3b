import { visible } from '../base/text.ts'

/** Code points that XML 1.0 (section 2.2) has no place for, besides those `visible` shows. */
const forbidden = /[\ufffe\uffff]/g

/**
 * A text for an attribute or an element in XML. Characters that XML cannot hold, even escaped, are
 * shown as `visible` shows them; line ends stay.
 */
export function xmlText(text: string): string {
  return text
    .split('\n')
    .map(visible)
    .join('\n')
    .replace(forbidden, (character) => `\\u{${character.charCodeAt(0).toString(16)}}`)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\n', '&#10;')
}
