import { open } from 'node:fs/promises'

/** Cuts off what a crash left after the last line end, so that the next line stands alone. */
export async function cutTornLine(path: string): Promise<void> {
  const file = await open(path, 'r+').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (file === undefined) return
  try {
    const { size } = await file.stat()
    const whole = await endOfLastLine(file, size)
    if (whole < size) await file.truncate(whole)
  } finally {
    await file.close()
  }
}

/** Offset after the last LF, looking from the end in blocks. */
async function endOfLastLine(
  file: Awaited<ReturnType<typeof open>>,
  size: number,
): Promise<number> {
  const block = Buffer.alloc(64 * 1024)
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - block.length)
    const { bytesRead } = await file.read(block, 0, end - start, start)
    const at = block.subarray(0, bytesRead).lastIndexOf(0x0a)
    if (at >= 0) return start + at + 1
    end = start
  }
  return 0
}
