-- Every channel: what a message cost, what was answered, what was received as a picture, and the
-- short links that stand for tokens where characters cost money.

ALTER TABLE event ADD COLUMN currency TEXT;                        -- ISO 4217
ALTER TABLE event ADD COLUMN units INTEGER NOT NULL DEFAULT 0;      -- SMS parts, pages, sheets
ALTER TABLE event ADD COLUMN is_machine INTEGER NOT NULL DEFAULT 0; -- looks like a scanner's
-- Most events cost nothing: the account of a campaign reads the few that do.
CREATE INDEX event_cost ON event (message) WHERE cost_micro <> 0 OR units <> 0;

-- One a message and question: a later answer takes the place of an earlier.
CREATE TABLE answer (
    message  INTEGER NOT NULL,
    question TEXT NOT NULL,
    customer INTEGER NOT NULL,
    feedback INTEGER NOT NULL REFERENCES feedback (id),
    number   REAL,                          -- NULL where it is none
    text     TEXT NOT NULL,
    medium   INTEGER NOT NULL,              -- fl_medium it came over
    at_us    INTEGER NOT NULL,
    PRIMARY KEY (message, question)
) WITHOUT ROWID;
CREATE INDEX answer_customer ON answer (customer, question);

-- Pieces kept beside a feedback: pages as pictures.
CREATE TABLE attachment (
    feedback INTEGER NOT NULL REFERENCES feedback (id),
    place    INTEGER NOT NULL,
    name     TEXT NOT NULL,
    type     TEXT NOT NULL,
    evidence TEXT NOT NULL REFERENCES evidence (hash),
    PRIMARY KEY (feedback, place)
) WITHOUT ROWID;

CREATE TABLE short_link (
    code       TEXT PRIMARY KEY,
    message    INTEGER NOT NULL,
    expires_us INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX short_link_message ON short_link (message);
