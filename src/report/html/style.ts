import { explorerCss } from './explorer-style.ts'

/** Colours by role, for a light and a dark page; text has a contrast of at least 4.5 to 1. */
export const palettes = {
  light: {
    page: '#f5f6f8',
    card: '#ffffff',
    text: '#1b1f24',
    muted: '#565e68',
    line: '#d9dde2',
    good: '#17663a',
    bad: '#b0261c',
    attention: '#855000',
    accent: '#1d5bb8',
    model: '#7c8794',
    wait: '#a3711a',
    policy: '#5a4fb0',
  },
  dark: {
    page: '#121518',
    card: '#1a1e22',
    text: '#e4e7ea',
    muted: '#a1a9b2',
    line: '#31373e',
    good: '#74d29a',
    bad: '#ff8f85',
    attention: '#eebf62',
    accent: '#8cb9ff',
    model: '#7d8894',
    wait: '#c9962f',
    policy: '#9d93f0',
  },
} as const

type Role = keyof (typeof palettes)['light']

/** Each role as a variable that follows the color scheme of the page. */
function variables(): string {
  const roles = Object.keys(palettes.light) as Role[]
  return roles
    .map((role) => `--${role}: light-dark(${palettes.light[role]}, ${palettes.dark[role]});`)
    .join(' ')
}

/** What readers without script see; the page names the hash of the whole style sheet. */
const base = `
:root { color-scheme: light dark; ${variables()} }
:root[data-theme='light'] { color-scheme: light; }
:root[data-theme='dark'] { color-scheme: dark; }
* { box-sizing: border-box; }
html { scroll-padding-top: 3rem; }
body { margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif;
  overflow-wrap: anywhere; }
main, header, footer { max-width: 80rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 1.75rem; }
footer { padding-block: 1.5rem 3rem; color: var(--muted); font-size: .87rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: .1rem 0 .6rem; letter-spacing: -.01em; }
h1::first-letter { text-transform: uppercase; }
h2 { font-size: 1.08rem; margin: 2rem 0 .6rem; }
h3 { font-size: 1rem; margin: 0; }
p { margin: .25rem 0; }
a { color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
code, pre, .code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .87em; }
pre { margin: .25rem 0; padding: .6rem .75rem; background: var(--page); border: 1px solid var(--line);
  border-radius: 6px; max-height: 24rem; overflow: auto; white-space: pre-wrap; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip:not(:focus) { position: absolute; left: -999rem; }
.skip { display: inline-block; padding: .5rem 1rem; }
.muted { color: var(--muted); }
.good { color: var(--good); } .bad { color: var(--bad); } .attention { color: var(--attention); }
.shadow { position: sticky; top: 0; z-index: 1; margin: 0; padding: .5rem 1.25rem; text-align: center;
  font-weight: 600; color: var(--card); background: var(--attention); }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1rem; list-style: none; margin: 1rem 0 0; padding: 0; font-size: .93rem; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .15rem 1rem; margin: .5rem 0; }
dt { color: var(--muted); } dd { margin: 0; }
.facts { grid-template-columns: repeat(2, max-content minmax(0, 1fr)); }
.counts { display: flex; flex-wrap: wrap; gap: .5rem; list-style: none; padding: 0; margin: 1rem 0 0; }
.counts li { flex: 1 1 6.4rem; overflow-wrap: normal; padding: .55rem .8rem; background: var(--card); border: 1px solid var(--line); border-radius: 8px; color: var(--muted); font-size: .87rem; }
.counts strong { display: block; font-size: 1.35rem; line-height: 1.2; color: var(--text); font-variant-numeric: tabular-nums; }
.counts .bad strong { color: var(--bad); } .counts .good strong { color: var(--good); } .counts .attention strong { color: var(--attention); }
.counts + p { margin-top: .7rem; }
.cards { list-style: none; padding: 0; margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
.cards li { padding: .75rem 1rem; }
.cards li + li { border-top: 1px solid var(--line); }
.cards h3 .muted { font-weight: 400; }
.cards .why { font-size: 1.02rem; margin: .2rem 0; }
.cards dl { margin: .35rem 0 0; font-size: .93rem; }
.calls { list-style: none; padding: 0; margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 8px; overflow: clip; }
.calls > li { content-visibility: auto; contain-intrinsic-size: auto 2.2rem; }
.calls > li + li { border-top: 1px solid var(--line); }
.calls summary, .columns { display: grid; align-items: baseline; gap: .1rem .9rem; padding: .38rem 1rem;
  grid-template-columns: .8rem 4.6rem 3rem minmax(7rem, 1.1fr) minmax(7rem, 1fr) minmax(9rem, 1.6fr) 4.8rem; }
.calls summary { cursor: pointer; list-style: none; }
.calls summary::-webkit-details-marker { display: none; }
.calls summary::before { content: '▸'; color: var(--muted); }
.calls details[open] summary::before { content: '▾'; }
.calls summary:hover { background: var(--page); }
.calls details[open] summary { border-bottom: 1px solid var(--line); background: var(--page); }
.columns { color: var(--muted); font-size: .87rem; padding-block: 0 .3rem; }
.columns span:first-child { grid-column: 2; }
.effect { font-weight: 600; white-space: nowrap; }
.time, .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.rule small { display: block; color: var(--muted); }
.body { padding: .5rem 1rem 1rem; }
.body h3 { margin-top: .8rem; color: var(--muted); font-size: .87rem; font-weight: 600; }
.body ul { margin: .25rem 0; padding-left: 1.2rem; }
.timeline { list-style: none; margin: 0; padding: .4rem 1rem; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
.timeline li { display: grid; grid-template-columns: 12rem minmax(0, 1fr) 5rem; gap: .8rem; align-items: center; padding: .14rem 0; font-size: .87rem; }
.timeline .name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.timeline svg { display: block; width: 100%; height: 12px; }
.track { fill: var(--page); } .span-model { fill: var(--model); } .span-wait { fill: var(--wait); } .span-policy { fill: var(--policy); }
.span-executed { fill: var(--good); } .span-refused, .span-failed { fill: var(--bad); } .span-stopped, .span-waiting, .span-queue { fill: var(--muted); }
.flow svg { display: block; min-width: 40rem; width: 100%; padding: .5rem; }
.flow text { fill: var(--text); font-size: 12px; }
.edge { fill: none; stroke: var(--good); opacity: .8; } .edge-untrusted { stroke: var(--wait); stroke-dasharray: 6 3; } .edge-refused { stroke: var(--bad); stroke-dasharray: 2 3; }
.flow + .scroll { margin-top: .5rem; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; list-style: none; padding: 0; margin: .5rem 0 0; font-size: .87rem; color: var(--muted); }
.legend svg { width: 12px; height: 12px; vertical-align: -1px; margin-right: .35rem; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
table { border-collapse: collapse; width: 100%; font-size: .93rem; }
th { text-align: left; font-weight: 600; color: var(--muted); font-size: .87rem; }
th, td { padding: .38rem 1rem; border-bottom: 1px solid var(--line); vertical-align: baseline; overflow-wrap: normal; }
td.text { min-width: 6rem; overflow-wrap: anywhere; }
td .word { overflow-wrap: normal; }
tbody tr:last-child td { border-bottom: 0; }
@media (max-width: 46rem) {
  main, header, footer { padding-inline: .8rem; }
  .facts { grid-template-columns: max-content minmax(0, 1fr); }
  .columns { display: none; }
  .calls summary { grid-template-columns: .8rem 4.6rem minmax(0, 1fr) max-content; }
  .calls summary .order { display: none; }
  .calls summary .time { grid-column: 4; grid-row: 1; }
  .calls summary .status, .calls summary .rule { grid-column: 3 / -1; }
  .timeline li { grid-template-columns: minmax(0, 1fr) max-content; gap: 0 .8rem; padding: .25rem 0; }
  .timeline svg { grid-column: 1 / -1; grid-row: 2; }
  .body dl, .cards dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .body dd, .cards dd { margin-bottom: .35rem; }
}
@media (scripting) {
  main > section + section:not(#calls) { content-visibility: auto; contain-intrinsic-size: auto 24rem; }
  .cards > li { content-visibility: auto; contain-intrinsic-size: auto 8rem; }
}
@media print {
  body { background: none; font-size: 11px; }
  nav, .skip, .toolbar, #explorer { display: none; }
  .shadow { position: fixed; inset: 0 0 auto; color: #000; background: none; border: 2px solid; }
  main > section + section:not(#calls), .cards > li { content-visibility: visible; }
  .calls > li { content-visibility: visible; break-inside: avoid; }
  details::details-content { content-visibility: visible; display: block; block-size: auto; }
  pre { max-height: none; overflow: visible; }
}
@media (forced-colors: active) { .shadow { border: 2px solid; } }
`

/** The whole style sheet. */
export const css = `${base}${explorerCss}`
