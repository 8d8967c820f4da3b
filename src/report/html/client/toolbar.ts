import { button, create } from './dom.ts'

const themes = ['auto', 'light', 'dark'] as const

const keys = [
  ['/', 'search'],
  ['j, k', 'next and previous call'],
  ['arrow keys, Page Up, Page Down, Home, End', 'move among the lines'],
  ['left, right', 'close and open a turn'],
  ['Enter', 'open the call'],
  ['Esc', 'close the call, or empty the search'],
  ['?', 'this list'],
] as const

/** The choice of colours, and the list of keys. */
export function createToolbar(): HTMLElement {
  const help = helpDialog()
  const theme = button({}, 'Theme: auto', () => {
    const { dataset } = document.documentElement
    const now = themes.find((name) => name === dataset['theme']) ?? 'auto'
    const next = themes[(themes.indexOf(now) + 1) % themes.length]!
    dataset['theme'] = next
    theme.textContent = `Theme: ${next}`
  })
  return create(
    'div',
    { class: 'toolbar' },
    theme,
    button({}, 'Keys (?)', () => help.showModal()),
    help,
  )
}

function helpDialog(): HTMLDialogElement {
  const rows = keys.flatMap(([key, does]) => [
    create('dt', {}, create('kbd', {}, key)),
    create('dd', {}, does),
  ])
  const dialog = create(
    'dialog',
    { 'aria-label': 'Keys' },
    create('h2', {}, 'Keys'),
    create('dl', {}, ...rows),
    button({}, 'Close', () => dialog.close()),
  )
  return dialog
}
