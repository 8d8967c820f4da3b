/** Each pattern is linear: bounded repeats, or runs that begin only where their characters begin. */
type Pack = readonly RegExp[]

/** Statements behind a quote or a semicolon, conditions that always hold, names of the inside. */
const sql: Pack = [
  /['")\s](?:or|and)\s{1,9}(['"]?)\w{1,32}\1\s{0,9}(?:=|like)\s{0,9}\1\w/i,
  /\bunion\s{1,9}(?:all\s{1,9}|distinct\s{1,9})?select\b/i,
  /;\s{0,9}(?:drop|truncate|alter)\s{1,9}(?:table|database|schema|view|index|user|role)\b/i,
  /;\s{0,9}(?:delete\s{1,9}from|insert\s{1,9}into|update\s{1,9}[\w."`]{1,64}\s{1,9}set|exec(?:ute)?\s{1,9}\w|shutdown\b|grant\s)/i,
  /'\s{0,9}(?:--(?=\s|$)|#\s{0,9}$|\/\*)/,
  /\b(?:xp_cmdshell|sp_executesql|information_schema\.|pg_sleep\s?\(|pg_read_file\s?\(|load_file\s?\(|into\s{1,9}(?:out|dump)file\b|waitfor\s{1,9}delay|benchmark\s?\(\s?\d|utl_http\.|dbms_\w{1,32}\.)/i,
]

/** What a shell would run or expand: commands behind an operator, substitutions, odd spellings. */
const shell: Pack = [
  /\$\(\s{0,4}[\w./]|\$\{IFS\}|\$IFS\b|\$\{?[@*]\}?\w/,
  /[;&|]\s{0,4}(?:\/\S{0,64}\/)?(?:sudo|rm|mv|cp|dd|chmod|chown|curl|wget|nc|ncat|netcat|bash|sh|zsh|dash|ksh|python[23]?|perl|ruby|node|php|eval|exec|source|kill|pkill|shutdown|reboot|mkfifo|telnet|ssh|scp|cat|tee|xargs|env|nohup|base64|powershell|cmd|ping|nslookup|dig|whoami|id|uname|ls)\b(?=\s{1,4}[-./~$"'\w]|\s{0,4}(?:$|[;&|<>`)]))/im,
  /`\s{0,4}(?:\/\S{0,64}\/)?(?:whoami|(?:rm|curl|wget|cat|bash|sh|id|uname|nc|python[23]?|perl)\s{1,4}[^`\n]{1,200})`/,
  /\brm\s{1,4}-[a-zA-Z]{0,8}[rf][a-zA-Z]{0,8}\s/,
  /\/dev\/(?:tcp|udp)\/|>\s{0,4}\/(?:etc|dev\/sd|bin|usr|root|home)\b|\bbase64\s{1,4}(?:-d|--decode|-D)\b/,
  /\b(?:bash|sh|zsh|python[23]?|perl|ruby|node|php)\s{1,4}-(?:c|e|ic|lc)\s{1,4}['"$]/,
  // a word cut by empty quotes or a list in braces: only a shell joins it again
  /\b[a-z]{1,8}(?:''|"")[a-z]{1,8}\b|(?:^|[\s;&|])\{[a-z]{0,8},[a-z]{0,8}\}[a-z]/,
]

/** Elements and attributes that run something, load something or take over the page. */
const html: Pack = [
  /<\s{0,4}\/?\s{0,4}(?:script|iframe|frame|frameset|object|embed|applet|meta|link|base|form|svg|math|style|template|portal|isindex|xml|xss|bgsound|layer|ilayer|input|button|textarea|select|keygen|marquee|body|html|head|video|audio|source|track|img|image|details|animate|set|noscript|xmp|plaintext|comment|import|dialog|title)(?![a-z0-9-])/i,
  /[<"'\s/](?:on[a-z]{3,40})\s{0,9}=/i,
  /(?<![\w:-])(?:java|vb|live)\s{0,4}script\s{0,9}(?::(?!\s)|&colon;)|\bdata\s{0,4}:\s{0,4}(?:text\/html|image\/svg|application\/xhtml|text\/xml)/i,
  /(?<![\w:-])j\s{0,3}a\s{0,3}v\s{0,3}a\s{0,3}s\s{0,3}c\s{0,3}r\s{0,3}i\s{0,3}p\s{0,3}t\s{0,3}:/i,
  /&#(?:x0{0,6}(?:3c|6a)|0{0,6}(?:60|106))\b/i,
  /<!(?:doctype|entity|--\[if|\[cdata\[)|<\?(?:xml|php|=|import)/i,
  /:\s{0,4}expression\s{0,4}\(|(?:-moz-binding|\bbehaviou?r)\s{0,4}:\s{0,4}url\b|@import\b/i,
  /<\s{0,4}[a-z][a-z0-9]{0,15}\s[^<>]{0,300}\b(?:srcdoc|formaction|xlink:href|style|background|dynsrc|lowsrc)\s{0,4}=/i,
]

/** What a template engine would evaluate. */
const template: Pack = [
  /\{\{[^\n]{1,200}?\}\}|\{%[^\n]{1,200}?%\}|\{#[^\n]{1,200}?#\}/,
  /\$\{[^\n}]{1,200}\}|#\{[^\n}]{1,200}\}|(?<![*\w])\*\{[^\n}]{1,200}\}|@\{[^\n}]{1,200}\}/,
  /<%[^\n]{1,201}?%>/,
  /#(?:set|foreach|if|include|parse|evaluate)\s{0,4}\([^\n)]{0,200}\$/,
  /\b__(?:class|mro|subclasses|globals|builtins|import)__\b|\bconstructor\s?\.\s?constructor\b/,
]

/** Texts that mean something to an interpreter behind a tool. */
export const packs = { sql, shell, html, template } as const

export function occursIn(pack: Pack, text: string): boolean {
  return pack.some((pattern) => pattern.test(text))
}
