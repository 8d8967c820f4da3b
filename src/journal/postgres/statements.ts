/** Version of the tables below. */
export const formatVersion = 1

/** The statements of a journal in one schema; its name has letters, digits and `_`. */
export interface Statements {
  readonly look: string
  readonly version: string
  readonly create: string
  readonly append: string
  readonly lengthOf: string
  readonly read: string
  readonly list: string
  readonly latest: string
  readonly leaveAnswer: string
  readonly answers: string
  readonly addCheckpoint: string
  readonly checkpoints: string
  readonly erase: string
  readonly remove: string
  readonly states: string
  readonly eraseUnchanged: string
  readonly removeUnchanged: string
}

export function statementsFor(name: string): Statements {
  // a word of SQL, such as `user`, is a name only in quotes
  const schema = `"${name}"`
  return {
    look: `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commits,
      current_setting('server_encoding') AS encoding, to_regclass('${schema}.format') IS NOT NULL
        AND to_regclass('${schema}.checkpoints') IS NOT NULL AS made`,
    version: `SELECT max(version) AS version FROM ${schema}.format`,
    create: create(schema),
    append: append(schema),
    lengthOf: `SELECT length FROM ${schema}.runs WHERE id = $1`,
    read: read(schema),
    list: `SELECT number::text AS number, id FROM ${schema}.runs
      WHERE number > $1::text::bigint ORDER BY runs.number LIMIT $2::integer`,
    latest: `SELECT u.id AS "runId", f.line AS first, l.line AS last
      FROM (SELECT number, id FROM ${schema}.runs ORDER BY number DESC LIMIT $1::integer) u
      JOIN ${schema}.records f ON f.run = u.number AND f.seq = 0
      JOIN ${lastRecord(schema)} l ON true`,
    leaveAnswer: `INSERT INTO ${schema}.answers (run, answer) VALUES ($1, $2)`,
    answers: `SELECT answer FROM ${schema}.answers WHERE run = $1 ORDER BY number`,
    addCheckpoint: `INSERT INTO ${schema}.checkpoints (run, checkpoint) VALUES ($1, $2)`,
    checkpoints: `SELECT checkpoint FROM ${schema}.checkpoints WHERE run = $1 ORDER BY number`,
    erase: `WITH held AS (SELECT number, id FROM ${schema}.runs WHERE id = $1 FOR UPDATE),
      ${eraseHeld(schema)}, left_over AS (DELETE FROM ${schema}.answers WHERE run = $1)
      SELECT count(*)::integer AS erased FROM said`,
    remove: `WITH left_over AS (DELETE FROM ${schema}.answers WHERE run = $1),
      signed AS (DELETE FROM ${schema}.checkpoints WHERE run = $1),
      removed AS (DELETE FROM ${schema}.runs WHERE id = $1 RETURNING id)
      SELECT id FROM removed`,
    states: `SELECT u.id AS id, u.length AS length, f.line AS first, r.line AS last,
        EXISTS (SELECT FROM ${schema}.payloads p WHERE p.run = u.number) OR
        EXISTS (SELECT FROM ${schema}.answers a WHERE a.run = u.id) AS said
      FROM ${schema}.runs u LEFT JOIN ${schema}.records f ON f.run = u.number AND f.seq = 0
      LEFT JOIN ${lastRecord(schema)} r ON true
      ORDER BY u.number`,
    eraseUnchanged: `WITH ${heldUnchanged(schema)}, ${eraseHeld(schema)},
      ${eraseAnswers(schema)} SELECT id FROM held`,
    removeUnchanged: `WITH ${heldUnchanged(schema)}, ${eraseAnswers(schema)},
      signed AS (DELETE FROM ${schema}.checkpoints c USING held h WHERE c.run = h.id),
      removed AS (DELETE FROM ${schema}.runs u USING held h WHERE u.number = h.number)
      SELECT id FROM held`,
  }
}

/** Bytes after which a page of records ends early. */
const pageBytes = 4 * 1024 * 1024

/** A page of records, each with `found`: how many the page would have if it did not end early. */
function read(schema: string): string {
  return `SELECT seq, line, payload, found FROM (
      SELECT seq, line, payload, (count(*) OVER ())::integer AS found,
        sum(bytes) OVER (ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
      FROM (
        SELECT r.seq AS seq, r.line AS line, p.payload AS payload,
          octet_length(r.line) + coalesce(octet_length(p.payload), 0) AS bytes
        FROM ${schema}.runs u JOIN ${schema}.records r ON r.run = u.number
        LEFT JOIN ${schema}.payloads p ON p.run = r.run AND p.seq = r.seq
        WHERE u.id = $1 AND r.seq >= $2::integer ORDER BY r.seq LIMIT $3::integer) AS sized) AS page
    WHERE before IS NULL OR before < ${pageBytes} ORDER BY seq`
}

/** "Saly" in ASCII: of many that begin at once, one makes the tables. */
const lockNumber = 0x53616c79

// one statement, so that it is one transaction with any client and any protocol; it takes a right on
// the database to ask for a schema, even for one that is there
function create(schema: string): string {
  return `DO $$ BEGIN
    PERFORM pg_advisory_xact_lock(${lockNumber});
    IF to_regnamespace('${schema}') IS NULL THEN CREATE SCHEMA ${schema}; END IF;
    CREATE TABLE IF NOT EXISTS ${schema}.runs (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      id text COLLATE "C" NOT NULL UNIQUE, length integer NOT NULL);
    CREATE TABLE IF NOT EXISTS ${schema}.records (run bigint REFERENCES ${schema}.runs ON DELETE CASCADE,
      seq integer, line text NOT NULL, PRIMARY KEY (run, seq));
    CREATE TABLE IF NOT EXISTS ${schema}.payloads (run bigint REFERENCES ${schema}.runs ON DELETE CASCADE,
      seq integer, payload text NOT NULL, PRIMARY KEY (run, seq));
    CREATE TABLE IF NOT EXISTS ${schema}.answers (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      run text COLLATE "C" NOT NULL, answer text NOT NULL);
    CREATE INDEX IF NOT EXISTS answers_by_run ON ${schema}.answers (run, number);
    CREATE TABLE IF NOT EXISTS ${schema}.checkpoints (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      run text COLLATE "C" NOT NULL, checkpoint text NOT NULL);
    CREATE INDEX IF NOT EXISTS checkpoints_by_run ON ${schema}.checkpoints (run, number);
    CREATE TABLE IF NOT EXISTS ${schema}.format (version integer PRIMARY KEY);
    INSERT INTO ${schema}.format VALUES (${formatVersion}) ON CONFLICT DO NOTHING;
  END $$`
}

/**
 * Compare-and-swap for many runs at once: `given` is JSON text, for each run one element. The row of
 * a run is locked by whoever extends it, and judged again when the lock is had; a run that has
 * another length than expected is left out, and not in the answer.
 */
function append(schema: string): string {
  return `WITH given AS (
      SELECT * FROM json_to_recordset($1::text::json)
        AS g(run text, expected integer, added integer, records json)),
    begun AS (
      INSERT INTO ${schema}.runs (id, length) SELECT run, added FROM given WHERE expected = 0
      ON CONFLICT (id) DO NOTHING RETURNING id, number),
    extended AS (
      UPDATE ${schema}.runs u SET length = u.length + g.added FROM given g
      WHERE u.id = g.run AND g.expected > 0 AND u.length = g.expected RETURNING u.id, u.number),
    taken AS (SELECT * FROM begun UNION ALL SELECT * FROM extended),
    rows AS (
      SELECT t.number AS run, r.seq, r.line, r.payload FROM taken t JOIN given g ON g.run = t.id
      CROSS JOIN LATERAL json_to_recordset(g.records) AS r(seq integer, line text, payload text)),
    recorded AS (INSERT INTO ${schema}.records (run, seq, line) SELECT run, seq, line FROM rows),
    kept AS (
      INSERT INTO ${schema}.payloads (run, seq, payload)
      SELECT run, seq, payload FROM rows WHERE payload IS NOT NULL)
    SELECT id FROM taken`
}

/** The last record of run `u`, whatever length the run is said to have: no record attests to that. */
function lastRecord(schema: string): string {
  return `LATERAL (SELECT line FROM ${schema}.records
    WHERE run = u.number ORDER BY seq DESC LIMIT 1)`
}

/** The runs of JSON text that still have the length that was seen. */
function heldUnchanged(schema: string): string {
  return `held AS (
    SELECT u.number, u.id FROM ${schema}.runs u
    JOIN json_to_recordset($1::text::json) AS g(run text, length integer)
      ON g.run = u.id AND g.length = u.length
    FOR UPDATE OF u)`
}

function eraseHeld(schema: string): string {
  return `said AS (DELETE FROM ${schema}.payloads p USING held h WHERE p.run = h.number RETURNING p.seq)`
}

function eraseAnswers(schema: string): string {
  return `left_over AS (DELETE FROM ${schema}.answers a USING held h WHERE a.run = h.id)`
}
