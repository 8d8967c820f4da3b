import type { DiagnosticCode } from '../policy/diagnostic.ts'

/** What each finding about a policy means to its author: why it matters, and what to do. */
export const findingPages: Readonly<Record<DiagnosticCode, string>> = {
  syntax:
    'The file is neither YAML 1.2 nor JSON. Most often an indent, a bracket or a quote is missing at or above the place that is named.',
  'too-large':
    'The file or a pattern in it is larger than what is read. Divide the file with `extends`, or make repeat counts smaller.',
  'too-deep':
    'The file is nested deeper than 32 levels. No policy needs that; deep nesting is a way to exhaust a reader.',
  invisible:
    'The file holds a character an editor does not show, so that reviewers would read something else than the program. Remove it, or write it as an escape in double quotes.',
  directive:
    'A YAML directive or a second document can change how a file is read. Write one document, and no line that begins with `%`.',
  tag: 'A YAML tag makes a value something else than it looks. Remove it.',
  'merge-key': 'A merge key (`<<`) is read differently by different readers. Write the keys out.',
  alias:
    'An alias is accepted inside of `tests` only, at most 50 times, and not inside what another alias names. Write the value out.',
  'duplicate-key':
    'A key occurs twice in one mapping; some readers take the first and some the last. Keep one.',
  'forbidden-key':
    'The key reaches the prototype of objects (`__proto__`, `constructor`, `prototype`). It is not accepted anywhere.',
  'unknown-key':
    'The key means nothing at this place. A misspelt condition would otherwise silently not hold; the help names what is near.',
  'not-evaluated':
    'The key stands in a file without rules, which only lends definitions to others: nothing would evaluate it there. Move it to a file with rules, or give this one some.',
  'missing-key': 'Something that is required is not there. Add the key that is named.',
  'wrong-type': 'The value has another type than the key needs, such as a text for a list.',
  'bad-value':
    'The value has the right type and is still not acceptable, such as a role name with a space. The help says what is.',
  'bad-pattern':
    'The pattern is not RE2 syntax, in which look-around and back-references do not exist: they cannot be matched in linear time. Say exceptions with `not` or with a deny rule.',
  'duplicate-id':
    'Two things of a kind have the same id, so that a decision would not tell which one made it. Rename one.',
  'unknown-role':
    'The role is used and `roles` does not define it. Define it, or correct its name.',
  'role-cycle': 'The role inherits itself, by way of others or directly. Break the circle.',
  'unknown-rule':
    '`except` names something that is not an allow rule of this file. Correct the id.',
  'unknown-tool':
    'The catalogue (`tools` of the file and the tools of the host) has no tool of this name; the rule would silently do nothing.',
  'no-match':
    'The glob matches no tool of the catalogue. `*` stands for a part of one dotted segment, `**` for anything.',
  'unknown-variable':
    'A path uses `${name}` and nobody gives that a value. Define it in `vars`, or pass it when the policy is loaded.',
  'unknown-argument':
    'The tool has no such argument, so that an allow could never hold and a deny would never fire. Correct the name or the pointer.',
  'never-true':
    'No value, or no caller, can meet these conditions at once: the rule does nothing. Correct the range, a list such as `onlyArgs`, or the condition on the caller.',
  'bad-parent':
    'A file that `extends` names cannot be used: it is missing, lies outside of the folder, or leads back to itself.',
  contradiction:
    'A file and one it extends say different things about a tool that cannot both hold, such as its `kind`. Keep one of them.',
  'failed-test':
    'A test in the file does not come out as it expects, so that a watched policy is not put in force. `sallyport test` shows what was decided instead, and why.',
  shadow:
    'The rule or file only records what it would decide and blocks nothing. Remove `shadow` once the records look right.',
  expired:
    'The time of a rule or key is over: it does nothing any more. Remove it, or renew it on purpose.',
  'expires-soon':
    'The time of a rule or key is over within 14 days. Renew it, or prepare for what will be denied then.',
  'schema-mismatch':
    'By its input schema the tool never gets arguments that pass the tests of this rule. Compare type, range and names with the schema.',
  shadowed:
    'Whenever the rule holds, a deny holds too, and a deny beats everything. Either the rule is superfluous or the deny is wider than it was meant.',
  'always-asked':
    'Whenever the allow holds, an ask holds too, so that it never lets a call through by itself. Name it in `except` of the ask, or remove it.',
  'never-asked':
    'Whenever the ask holds, one of the allow rules in its `except` holds too: it never asks. Narrow the exceptions.',
  'duplicate-rule':
    'Two rules of one effect have the same tools and conditions. Remove one: a change to only one of them would do nothing.',
  'allow-all':
    'The rule allows every tool to every caller without a condition, also tools that are added later. Name the tools, or add conditions.',
  'unruled-tool':
    'No rule is about the tool, so that it is always denied. Add a rule, or a `deny` that shows it is meant.',
  'domain-pattern':
    'A pattern is used where a host is meant. Patterns match look-alikes such as `shop.example.evil.test`, and a class in brackets excludes letters, not words; `domain` compares host names label by label.',
  'unstated-steering':
    'The tool changes something, and its facts name no argument with `steers`: data flow then has nothing to check. Mark what chooses who, where or what.',
  'unstated-carrying':
    'The tool sends something out, and its facts name no argument with `carries`: secrets could leave by it unseen. Mark the arguments whose content leaves.',
  'flow-unset':
    'Facts such as `steers` and `carries` say what matters about a tool; `flow` says what follows. Without it, or without the key they are for, the facts restrict nothing. Add the key, with `ask` or `deny`.',
  'secret-value':
    'The file holds something in the format of a secret. Write its hash or the name of an environment variable, and renew the secret: whoever can read the policy has it.',
  'unused-role': 'Nothing uses the role. Often a rule that should name it names another one.',
  'unused-scope': 'A role lets the scope through and no rule asks for it. Often a rule forgot to.',
  'unmet-scope':
    'The rule needs a scope that every role of its callers cuts off, since ceilings drop what they do not list. Add it to the `scopes` of a role.',
}
