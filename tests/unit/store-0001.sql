-- A database as the program of schema 0001 left it: what every later program must read.
PRAGMA application_id = 0x464c4e45;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE address (
    customer   INTEGER NOT NULL REFERENCES customer (id),
    medium     INTEGER NOT NULL,            -- fl_medium
    value      TEXT NOT NULL,               -- normalised
    id         INTEGER NOT NULL,
    status     INTEGER NOT NULL,            -- fl_address_status
    status_us  INTEGER NOT NULL,
    evidence   INTEGER,                     -- the event that set the status
    PRIMARY KEY (customer, medium, value)
) WITHOUT ROWID;
INSERT INTO "address" VALUES(64,1,'kim@example.org',192,0,1800000000000000,NULL);
INSERT INTO "address" VALUES(64,2,'+821055501234',256,0,1800000000000000,NULL);
INSERT INTO "address" VALUES(128,1,'lee@example.org',320,1,1800000000000000,1472);
CREATE TABLE anchor (
    customer INTEGER NOT NULL REFERENCES customer (id),
    name     TEXT NOT NULL,
    date     INTEGER NOT NULL,
    PRIMARY KEY (customer, name)
) WITHOUT ROWID;
INSERT INTO "anchor" VALUES(64,'birth',20000);
CREATE TABLE block (
    id         INTEGER PRIMARY KEY,         -- = first message id
    last_id    INTEGER NOT NULL,
    occurrence INTEGER NOT NULL REFERENCES occurrence (id),
    channel    INTEGER NOT NULL,
    due_us     INTEGER NOT NULL,            -- of its first message
    is_open    INTEGER NOT NULL             -- 0: every row was claimed once
);
INSERT INTO "block" VALUES(1024,1088,704,576,1800000000000000,0);
CREATE TABLE campaign (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    state       INTEGER NOT NULL,           -- fl_campaign_state
    definition  TEXT NOT NULL,              -- the declarative file, as applied
    version     INTEGER NOT NULL,
    purpose     TEXT NOT NULL,
    reason      TEXT NOT NULL,              -- why it is paused or cancelled; ''
    created_us  INTEGER NOT NULL,
    updated_us  INTEGER NOT NULL
);
INSERT INTO "campaign" VALUES(640,'mothers',1,'campaign mothers {}',1,'marketing','',1800000000000000,1800000000000000);
CREATE TABLE channel (
    id     INTEGER PRIMARY KEY,
    name   TEXT NOT NULL UNIQUE,
    medium INTEGER NOT NULL
);
INSERT INTO "channel" VALUES(576,'mail',1);
CREATE TABLE consent (
    id       INTEGER PRIMARY KEY,
    customer INTEGER NOT NULL REFERENCES customer (id),
    purpose  TEXT NOT NULL,
    medium   INTEGER NOT NULL,
    state    INTEGER NOT NULL,              -- fl_consent_state
    source   TEXT NOT NULL,                 -- import, reply, link, staff, ...
    proof    TEXT NOT NULL,
    at_us    INTEGER NOT NULL
);
INSERT INTO "consent" VALUES(384,64,'marketing',1,1,'import','form 7',1800000000000000);
INSERT INTO "consent" VALUES(448,128,'marketing',1,1,'import','form 8',1800000000000000);
CREATE TABLE consent_now (
    customer INTEGER NOT NULL,
    purpose  TEXT NOT NULL,
    medium   INTEGER NOT NULL,
    state    INTEGER NOT NULL,
    consent  INTEGER NOT NULL,
    PRIMARY KEY (customer, purpose, medium)
) WITHOUT ROWID;
INSERT INTO "consent_now" VALUES(64,'marketing',1,1,384);
INSERT INTO "consent_now" VALUES(128,'marketing',1,1,448);
CREATE TABLE content (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    version    INTEGER NOT NULL,
    hash       TEXT NOT NULL,               -- SHA-256 over all files
    created_us INTEGER NOT NULL,
    UNIQUE (name, version)
);
INSERT INTO "content" VALUES(512,'welcome',1,'hash-1',1800000000000000);
CREATE TABLE content_file (
    content INTEGER NOT NULL REFERENCES content (id),
    path    TEXT NOT NULL,
    body    BLOB NOT NULL,
    PRIMARY KEY (content, path)
) WITHOUT ROWID;
INSERT INTO "content_file" VALUES(512,'content.md',X'48656C6C6F');
CREATE TABLE customer (
    id          INTEGER PRIMARY KEY,
    external_id TEXT NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    language    TEXT NOT NULL,              -- BCP 47, '' = the firm's
    time_zone   TEXT NOT NULL,              -- IANA, '' = the firm's
    attributes  TEXT NOT NULL,              -- JSON object of strings
    state       INTEGER NOT NULL,           -- fl_customer_state
    created_us  INTEGER NOT NULL,
    updated_us  INTEGER NOT NULL
);
INSERT INTO "customer" VALUES(64,'c1','Kim','ko','Asia/Seoul','{"segment":"mothers"}',0,1800000000000000,1800000000000000);
INSERT INTO "customer" VALUES(128,'c2','Lee','','','{}',0,1800000000000000,1800000000000000);
CREATE TABLE event (
    id           INTEGER PRIMARY KEY,
    message      INTEGER NOT NULL,          -- 0 where none is known
    kind         INTEGER NOT NULL,          -- fl_event_kind
    fault        INTEGER NOT NULL,          -- fl_fault_class
    attempt      INTEGER NOT NULL,
    code         INTEGER NOT NULL,
    status       TEXT,
    detail       TEXT,
    provider_ref TEXT,
    cost_micro   INTEGER NOT NULL,
    at_us        INTEGER NOT NULL,
    evidence     TEXT,                      -- SHA-256 of the raw piece
    dedupe_key   TEXT
);
INSERT INTO "event" VALUES(1408,1024,2,0,1,250,'2.0.0','sent','ref-1',0,1800000000000000,NULL,'k1');
INSERT INTO "event" VALUES(1472,1088,4,1,1,550,'5.1.1','no such user',NULL,0,1800000000000000,NULL,'k2');
CREATE TABLE evidence (
    hash        TEXT PRIMARY KEY,           -- SHA-256 of the raw bytes
    size        INTEGER NOT NULL,
    body        BLOB NOT NULL,              -- zstd
    received_us INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE feedback (
    id           INTEGER PRIMARY KEY,
    channel      INTEGER NOT NULL,
    customer     INTEGER NOT NULL,          -- 0: unmatched
    message      INTEGER NOT NULL,          -- 0: unmatched
    kind         INTEGER NOT NULL,          -- fl_feedback_kind
    state        INTEGER NOT NULL,          -- fl_feedback_state
    matched_by   INTEGER NOT NULL,          -- fl_match
    confidence   REAL NOT NULL,             -- of the match, 0..1
    from_address TEXT NOT NULL,
    subject      TEXT NOT NULL,
    text         TEXT NOT NULL,             -- the customer's own words
    quoted       TEXT NOT NULL,
    signature    TEXT NOT NULL,
    language     TEXT NOT NULL,
    evidence     TEXT NOT NULL,
    dedupe_key   TEXT NOT NULL UNIQUE,
    received_us  INTEGER NOT NULL,
    stored_us    INTEGER NOT NULL
);
INSERT INTO "feedback" VALUES(1536,576,64,1024,1,0,1,1.0,'kim@example.org','Re: Hello','Thank you','','','en','','d1',1800000000000000,1800000000000000);
CREATE TABLE lease (
    id       INTEGER PRIMARY KEY,
    channel  INTEGER NOT NULL,
    worker   INTEGER NOT NULL,
    epoch    INTEGER NOT NULL,              -- fencing token: grows with each life of a worker
    is_begun INTEGER NOT NULL,
    at_us    INTEGER NOT NULL,
    ids      BLOB NOT NULL
);
CREATE TABLE message (
    id         INTEGER PRIMARY KEY,
    occurrence INTEGER NOT NULL,
    customer   INTEGER NOT NULL,
    channel    INTEGER NOT NULL,
    address    INTEGER NOT NULL,            -- 0 where there was none
    state      INTEGER NOT NULL,            -- fl_message_state
    rule       INTEGER NOT NULL,            -- fl_rule: why it is suppressed or held
    attempts   INTEGER NOT NULL,
    due_us     INTEGER NOT NULL,
    UNIQUE (occurrence, customer, channel)
);
INSERT INTO "message" VALUES(1024,704,64,576,192,3,0,1,1800000000000000);
INSERT INTO "message" VALUES(1088,704,128,576,320,4,0,1,1800000000000000);
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO "meta" VALUES('instance','store-0001');
CREATE TABLE occurrence (
    id           INTEGER PRIMARY KEY,
    campaign     INTEGER NOT NULL REFERENCES campaign (id),
    stage        TEXT NOT NULL,             -- '' where the campaign has no stages
    cycle        TEXT NOT NULL,             -- which run; '' where there is only one
    content      INTEGER NOT NULL REFERENCES content (id),
    channel      INTEGER NOT NULL REFERENCES channel (id),
    state        INTEGER NOT NULL,          -- fl_occurrence_state
    scheduled_us INTEGER NOT NULL,
    UNIQUE (campaign, stage, cycle)
);
INSERT INTO "occurrence" VALUES(704,640,'','',512,576,0,1800000000000000);
CREATE TABLE plugin_memory (
    channel TEXT NOT NULL,
    key     TEXT NOT NULL,
    value   BLOB NOT NULL,
    PRIMARY KEY (channel, key)
) WITHOUT ROWID;
INSERT INTO "plugin_memory" VALUES('mail','uid',X'3132');
CREATE UNIQUE INDEX address_id ON address (id);
CREATE INDEX address_value ON address (medium, value);
CREATE INDEX anchor_date ON anchor (name, date, customer);
CREATE INDEX consent_customer ON consent (customer, purpose, medium, at_us);
CREATE TRIGGER consent_keeps BEFORE UPDATE ON consent
    BEGIN SELECT RAISE(ABORT, 'the consent ledger is append only'); END;
CREATE TRIGGER consent_stays BEFORE DELETE ON consent
    BEGIN SELECT RAISE(ABORT, 'the consent ledger is append only'); END;
CREATE INDEX block_open ON block (channel, due_us) WHERE is_open;
CREATE INDEX block_occurrence ON block (occurrence);
CREATE INDEX message_customer ON message (customer);
CREATE INDEX message_deferred ON message (channel, due_us) WHERE state = 1;
CREATE INDEX message_waiting ON message (state) WHERE state IN (6, 9);
CREATE INDEX event_message ON event (message);
CREATE INDEX event_provider ON event (provider_ref) WHERE provider_ref IS NOT NULL;
CREATE UNIQUE INDEX event_dedupe ON event (dedupe_key) WHERE dedupe_key IS NOT NULL;
CREATE INDEX feedback_customer ON feedback (customer, received_us);
CREATE INDEX feedback_message ON feedback (message);
CREATE INDEX feedback_state ON feedback (state) WHERE state = 0;
COMMIT;
