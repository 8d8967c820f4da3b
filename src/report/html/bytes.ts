/** What browsers of 2025 and later do by themselves. */
interface Native {
  fromBase64?(base64: string): Uint8Array<ArrayBuffer>
  readonly prototype: { toHex?(): string }
}

/** Node.js 24 and older browsers have neither. */
const native = Uint8Array as unknown as Native

export function bytesOfBase64(base64: string): Uint8Array<ArrayBuffer> {
  if (native.fromBase64 !== undefined) return native.fromBase64(base64)
  const letters = atob(base64)
  const bytes = new Uint8Array(letters.length)
  for (let at = 0; at < letters.length; at++) bytes[at] = letters.charCodeAt(at)
  return bytes
}

export function hexOfBytes(bytes: Uint8Array): string {
  if (native.prototype.toHex !== undefined) return native.prototype.toHex.call(bytes)
  const digits = new Uint8Array(bytes.length * 2)
  for (const [at, byte] of bytes.entries()) {
    digits[2 * at] = hexDigits.charCodeAt(byte >> 4)
    digits[2 * at + 1] = hexDigits.charCodeAt(byte & 15)
  }
  return new TextDecoder().decode(digits)
}

const hexDigits = '0123456789abcdef'
