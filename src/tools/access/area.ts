/** Something a guard says no to; the reason names what is wrong and repeats no value. */
export interface Refused {
  readonly ok: false
  readonly reason: string
}

/** A place below the root of a guard. */
export interface Located {
  readonly ok: true
  /** Absolute, without `.` and `..`. */
  readonly path: string
  /** Below the root; empty for the root itself. */
  readonly segments: readonly string[]
}

/** The files that one guard lets a tool reach. */
export interface FileArea {
  /** Absolute. */
  readonly root: string
  readonly symlinks: 'deny' | 'inside'
  /** Reads a path by its text alone; relative ones start at the root. */
  locate(path: string, writing: boolean): Located | Refused
  /** What its lists say about a place below the root. */
  refuse(segments: readonly string[], writing: boolean): string | undefined
}

export interface Target {
  readonly ok: true
  readonly url: URL
}

/** The addresses that one guard lets a tool reach. */
export interface NetworkArea {
  readonly redirects: 'deny' | 'recheck'
  /** Reads a URL by its text alone; without a method only the place is checked. */
  locate(url: string, method?: string): Target | Refused
}

/**
 * Of each policy file in turn: by argument, the guards of that argument. Every file has to agree, a
 * file agrees when one of its arguments does, and that when all its guards do.
 */
export type Layers<Area> = readonly (readonly (readonly Area[])[])[]

/**
 * What a tool may open and fetch by itself: what the guards of its arguments agree to. Made by the
 * gate and carried in the permit.
 */
export interface ToolAccess {
  readonly tool: string
  /** The facts call the tool one that only reads. */
  readonly readOnly: boolean
  /** Empty where no guard of paths is about the tool. */
  readonly files: Layers<FileArea>
  /** Empty where no guard of the network is about the tool. */
  readonly network: Layers<NetworkArea>
}
