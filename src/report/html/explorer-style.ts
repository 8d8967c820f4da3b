/** What the script draws: filters, waterfall, detail. On paper it gives way to what is written out. */
export const explorerCss = `
@media screen { [data-script] .static { display: none; } }
button, input { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--muted); border-radius: 6px; padding: .2rem .6rem; }
button { cursor: pointer; }
button:hover { background: var(--page); }
.toolbar { display: flex; flex-wrap: wrap; gap: .5rem; margin-top: .8rem; font-size: .87rem; }
dialog { color: var(--text); background: var(--card); border: 1px solid var(--line); border-radius: 8px; max-width: min(32rem, 92vw); }
dialog h2 { margin-top: 0; }
kbd { font: inherit; font-weight: 600; }
.filters { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .5rem .75rem; margin-bottom: .5rem; font-size: .87rem; }
.filters .line { display: flex; flex-wrap: wrap; align-items: center; gap: .3rem .4rem; padding: .2rem 0; max-height: 7.5rem; overflow: auto; }
.filters .line[hidden] { display: none; }
.filters input { flex: 1 1 14rem; min-width: 0; padding: .35rem .6rem; }
.filters p { margin: 0 .4rem; }
.facet { width: 4.5rem; color: var(--muted); }
.chip { padding: .05rem .55rem; border-radius: 1rem; max-width: 100%; text-align: left; }
.chip .number { color: var(--muted); }
.chip[aria-pressed='true'] { border-color: var(--accent); outline: 1px solid var(--accent); font-weight: 600; }
.chip[aria-pressed='true']::before { content: '✓ ' / ''; }
.panes { display: grid; grid-template-columns: minmax(0, 1fr); gap: .5rem; align-items: start; }
.waterfall { --line-height: 32px; position: relative; max-height: min(36rem, 80vh); overflow: hidden auto; background: var(--card); border: 1px solid var(--line); border-radius: 8px; font-size: .87rem; }
.titles { position: sticky; top: 0; z-index: 1; background: var(--card); border-bottom: 1px solid var(--line); color: var(--muted); }
.lines { position: relative; }
.lines [role='row'] { position: absolute; left: 0; right: 0; height: var(--line-height); cursor: pointer; border-bottom: 1px solid var(--line); }
.waterfall [role='row'] { display: grid; align-items: center; gap: .75rem; padding: 0 .75rem; grid-template-columns: 4.6rem minmax(8rem, 1fr) minmax(6rem, 1fr) minmax(8rem, 2fr) 4.6rem; }
.waterfall [role='row'] > * { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; overflow-wrap: normal; }
.waterfall .turn { background: var(--page); font-weight: 600; }
.waterfall .turn .rule { font-weight: 400; }
.waterfall .bar svg { display: block; width: 100%; height: 12px; }
.lines .active { box-shadow: inset 3px 0 var(--accent); }
.waterfall:focus-visible .active { outline: 2px solid var(--accent); outline-offset: -2px; }
.lines [aria-selected='true'] { background: var(--page); }
.detail { position: relative; background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .75rem 1rem 1rem; font-size: .93rem; max-height: none; }
.detail[hidden] { display: none; }
.detail h3 { padding-right: 2rem; }
.detail h4 { margin: .9rem 0 .2rem; font-size: .87rem; color: var(--muted); }
.detail dl { grid-template-columns: minmax(6rem, max-content) minmax(0, 1fr); }
.detail ul { margin: .25rem 0; padding-left: 1.2rem; }
.detail pre { max-height: 18rem; }
.detail summary { cursor: pointer; margin-top: .9rem; color: var(--muted); }
.detail .close { position: absolute; right: .6rem; top: .6rem; line-height: 1; padding: .3rem .55rem; }
@media (min-width: 64rem) {
  .panes:has(.detail:not([hidden])) { grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); }
  .panes:has(.detail:not([hidden])) .waterfall [role='row'] { grid-template-columns: 4.6rem minmax(7rem, 1fr) minmax(5rem, 1fr) minmax(6rem, 1fr) 4.6rem; }
  .detail { max-height: min(36rem, 80vh); overflow: auto; }
}
@media (max-width: 46rem) {
  .waterfall { --line-height: 56px; }
  .titles { display: none; }
  .waterfall [role='row'] { grid-template-columns: 4.6rem minmax(0, 1fr) max-content; gap: .1rem .6rem; align-content: center; }
  .waterfall .rule { display: none; }
  .waterfall .turn { grid-template-columns: 1rem minmax(0, 1fr) max-content; }
  .waterfall .bar { grid-column: 1 / -1; grid-row: 2; }
  .detail dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .detail dd { margin-bottom: .35rem; }
  .facet { width: 100%; }
}
@media (forced-colors: active) {
  .chip[aria-pressed='true'] { border-width: 2px; }
  .lines .active { outline: 2px solid; outline-offset: -2px; }
}
`
