/** What belongs to conversations kept across runs and to plugins, which are not here yet. */
export const later: Readonly<Record<string, string>> = {
  'S0-42': 'A conversation is kept once, at the end, not after errors, one run at a time.',
  'S2-05': 'A session loads and keeps its conversation.',
  'S2-40': 'Conversations are kept in memory, files or a database, with what each answer cost.',
  'S2-41': 'Conversations are forgotten after a time.',
  'S2-42': 'Kept conversations are counted by time, model and cost.',
  'S2-T5': 'A streamed conversation must be kept once, and whole.',
}
