/** What options say of themselves that several commands have. */
export const optionHelp = {
  policy: 'policy file',
  keys: 'keys of which one has to have signed ($SALLYPORT_POLICY_KEYS)',
  tools: 'tools module or schemas.json to validate arguments with',
  signingKey: 'private JSON Web Key to sign checkpoints with ($SALLYPORT_SIGNING_KEY)',
  keyFile: 'keys of logins; else sallyport/keys.json in $XDG_CONFIG_HOME or ~/.config',
  usualJournal: '.sallyport/journal.db',
  newFile: 'write a new file instead of standard output',
} as const
