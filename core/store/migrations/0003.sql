-- What the relationship is made of and what it is worth.  Money is minor units of the store's one
-- currency (`currency` in meta); codes of scores are the enums of value/position.h.

-- The scale an answer was given on; NULL where there is none or it is not known.  Surveys of before
-- asked "recommend" from 0 to 10 and the rest from 1 to 5; the number of a choice comes with words.
ALTER TABLE answer ADD COLUMN low REAL;
ALTER TABLE answer ADD COLUMN high REAL;
UPDATE answer SET low = 0, high = 10 WHERE question = 'recommend' AND text = ''
   AND number BETWEEN 0 AND 10;
UPDATE answer SET low = 1, high = 5 WHERE question <> 'recommend' AND text = ''
   AND number BETWEEN 1 AND 5;

-- Transactions, kept in order of customer and day, as the purchase days are made from them.
CREATE TABLE trade_line (
    customer       INTEGER NOT NULL REFERENCES customer (id),
    date           INTEGER NOT NULL,        -- in the organisation's time zone
    id             INTEGER NOT NULL,
    external_id    TEXT NOT NULL,
    kind           INTEGER NOT NULL,        -- fl_transaction_kind
    at_us          INTEGER NOT NULL,
    amount_minor   INTEGER NOT NULL,
    margin_minor   INTEGER NOT NULL,
    saved_minor    INTEGER NOT NULL,
    discount_minor INTEGER NOT NULL,
    gift_minor     INTEGER NOT NULL,
    fee_minor      INTEGER NOT NULL,
    shipping_minor INTEGER NOT NULL,
    points         INTEGER NOT NULL,
    product        TEXT NOT NULL,
    PRIMARY KEY (customer, date, id)
) WITHOUT ROWID;
-- Where a transaction is, by its name.  Not an index: it is written when a transaction comes, in the
-- order of the file, and the lines of a bulk at its end, in their own.
CREATE TABLE trade_key (
    external_id TEXT PRIMARY KEY,
    customer    INTEGER NOT NULL,
    date        INTEGER NOT NULL,
    id          INTEGER NOT NULL
) WITHOUT ROWID;
-- Lines of a bulk until it ends.
CREATE TABLE trade_new (
    id             INTEGER PRIMARY KEY,
    customer       INTEGER NOT NULL,
    date           INTEGER NOT NULL,
    external_id    TEXT NOT NULL,
    kind           INTEGER NOT NULL,
    at_us          INTEGER NOT NULL,
    amount_minor   INTEGER NOT NULL,
    margin_minor   INTEGER NOT NULL,
    saved_minor    INTEGER NOT NULL,
    discount_minor INTEGER NOT NULL,
    gift_minor     INTEGER NOT NULL,
    fee_minor      INTEGER NOT NULL,
    shipping_minor INTEGER NOT NULL,
    points         INTEGER NOT NULL,
    product        TEXT NOT NULL
);

-- The lines merged by day and packed, a row a customer (store_days.h says how); kept by the driver.
CREATE TABLE trade (
    customer INTEGER PRIMARY KEY,
    days     BLOB NOT NULL
);

CREATE TABLE subscription (
    id           INTEGER PRIMARY KEY,
    customer     INTEGER NOT NULL REFERENCES customer (id),
    external_id  TEXT NOT NULL UNIQUE,
    start        INTEGER NOT NULL,
    end          INTEGER,                   -- NULL: it goes on
    period_days  INTEGER NOT NULL,
    price_minor  INTEGER NOT NULL,
    margin_minor INTEGER NOT NULL,
    product      TEXT NOT NULL,
    updated_us   INTEGER NOT NULL
);
CREATE INDEX subscription_customer ON subscription (customer, start);

CREATE TABLE referral (
    referred INTEGER PRIMARY KEY REFERENCES customer (id),
    referrer INTEGER NOT NULL REFERENCES customer (id),
    at_us    INTEGER NOT NULL
);
CREATE INDEX referral_referrer ON referral (referrer);

CREATE TABLE complaint (
    id          INTEGER PRIMARY KEY,
    customer    INTEGER NOT NULL REFERENCES customer (id),
    external_id TEXT NOT NULL UNIQUE,
    feedback    INTEGER NOT NULL,           -- 0: not from a message
    opened_us   INTEGER NOT NULL,
    settled_us  INTEGER,                    -- NULL: it is open
    text        TEXT NOT NULL
);
CREATE INDEX complaint_customer ON complaint (customer, opened_us);

-- What the valuation asks of many customers at once.
CREATE INDEX event_click ON event (message) WHERE kind = 14 AND is_machine = 0;
CREATE INDEX consent_withdrawn ON consent (customer, at_us) WHERE state = 2;

-- Customers about whom something is known that their score does not say.
CREATE TABLE stale (
    customer INTEGER PRIMARY KEY,
    since_us INTEGER NOT NULL,
    last_us  INTEGER NOT NULL               -- of the newest of these things
);
CREATE INDEX stale_since ON stale (since_us);

-- ---- runs and scores ------------------------------------------------------------------------
CREATE TABLE value_run (
    id          INTEGER PRIMARY KEY,
    as_of_us    INTEGER NOT NULL,
    started_us  INTEGER NOT NULL,
    finished_us INTEGER NOT NULL,           -- 0: it is running
    state       INTEGER NOT NULL,           -- fl_run_state
    has_scores  INTEGER NOT NULL,           -- 0: failed, or thinned out
    n_customers INTEGER NOT NULL,
    n_valued    INTEGER NOT NULL,
    report      TEXT NOT NULL,
    reference   BLOB
);
-- The run everybody sees the scores of.
CREATE TABLE value_now (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    run INTEGER NOT NULL REFERENCES value_run (id)
);

CREATE TABLE score (
    run          INTEGER NOT NULL REFERENCES value_run (id),
    customer     INTEGER NOT NULL,
    state        INTEGER NOT NULL,          -- fl_score_state
    zone         INTEGER NOT NULL,          -- fl_zone
    segment      INTEGER NOT NULL,
    keys         INTEGER NOT NULL,          -- fl_key_flag
    is_high      INTEGER NOT NULL,
    is_estimated INTEGER NOT NULL,
    p            REAL NOT NULL,
    commitment   REAL NOT NULL,
    ltv_minor    INTEGER NOT NULL,
    ce_minor     INTEGER NOT NULL,
    ev_minor     INTEGER NOT NULL,
    spv_minor    INTEGER NOT NULL,
    cost_minor   INTEGER NOT NULL,
    cv_minor     INTEGER NOT NULL,
    ce           REAL NOT NULL,
    cv           REAL NOT NULL,
    distance     REAL NOT NULL,
    certainty    REAL NOT NULL,
    PRIMARY KEY (run, customer)
) WITHOUT ROWID;
-- Scored again since, one by one.
CREATE TABLE rescore (
    customer     INTEGER PRIMARY KEY,
    at_us        INTEGER NOT NULL,
    state        INTEGER NOT NULL,
    zone         INTEGER NOT NULL,
    segment      INTEGER NOT NULL,
    keys         INTEGER NOT NULL,
    is_high      INTEGER NOT NULL,
    is_estimated INTEGER NOT NULL,
    p            REAL NOT NULL,
    commitment   REAL NOT NULL,
    ltv_minor    INTEGER NOT NULL,
    ce_minor     INTEGER NOT NULL,
    ev_minor     INTEGER NOT NULL,
    spv_minor    INTEGER NOT NULL,
    cost_minor   INTEGER NOT NULL,
    cv_minor     INTEGER NOT NULL,
    ce           REAL NOT NULL,
    cv           REAL NOT NULL,
    distance     REAL NOT NULL,
    certainty    REAL NOT NULL
);
CREATE VIEW score_now AS
    SELECT customer, (SELECT as_of_us FROM value_run WHERE id = (SELECT run FROM value_now)) AS at_us,
           state, zone, segment, keys, is_high, is_estimated, p, commitment, ltv_minor, ce_minor, ev_minor,
           spv_minor, cost_minor, cv_minor, ce, cv, distance, certainty
      FROM score s
     WHERE run = (SELECT run FROM value_now)
       AND NOT EXISTS (SELECT 1 FROM rescore r WHERE r.customer = s.customer)
    UNION ALL
    SELECT customer, at_us, state, zone, segment, keys, is_high, is_estimated, p, commitment,
           ltv_minor, ce_minor, ev_minor, spv_minor, cost_minor, cv_minor, ce, cv, distance,
           certainty
      FROM rescore;

CREATE TABLE zone_change (
    id        INTEGER PRIMARY KEY,
    customer  INTEGER NOT NULL,
    zone_from INTEGER NOT NULL,
    zone_to   INTEGER NOT NULL,
    at_us     INTEGER NOT NULL,
    run       INTEGER NOT NULL              -- 0: a rescoring
);
CREATE INDEX zone_change_customer ON zone_change (customer, at_us);
-- Campaigns ask for what has changed lately.
CREATE INDEX zone_change_at ON zone_change (at_us);
