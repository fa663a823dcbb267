-- What people do: they open shares of one packet in turn, and say who they are on a merchant's page.

-- Every share of a packet follows from its number and one of these keys: none may ever be dropped.
CREATE TABLE draw_key (
    number INTEGER PRIMARY KEY,
    key BLOB NOT NULL
) STRICT;

ALTER TABLE merchant ADD COLUMN draw_rule TEXT NOT NULL DEFAULT 'live';

-- Of a packet in one piece there is none.
ALTER TABLE packet ADD COLUMN draw_key INTEGER;
UPDATE packet SET draw_key = 1 WHERE split = 'live';

-- Claims are read by their place, a page at a time.
CREATE UNIQUE INDEX claim_place ON claim (packet_id, share_index);

-- What only pre-orders have. Those of before were made for the shake, and count every limit.
ALTER TABLE packet ADD COLUMN service TEXT;
ALTER TABLE packet ADD COLUMN risk_control TEXT;
ALTER TABLE packet ADD COLUMN lottery_id TEXT;
ALTER TABLE packet ADD COLUMN bound_at INTEGER;
UPDATE packet SET service = '1000052601', risk_control = 'normal' WHERE product = 'pre_order';

-- A campaign's bucket: few packets are in one, so few are in this index.
CREATE INDEX packet_lottery ON packet (lottery_id, packet_id) WHERE lottery_id IS NOT NULL;

CREATE TABLE lottery (
    lottery_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    sponsor_id TEXT NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    is_on INTEGER NOT NULL,
    begins_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    prizes_max INTEGER NOT NULL,
    prizes INTEGER NOT NULL,
    jump_url TEXT NOT NULL,
    draw_key TEXT NOT NULL,
    win_rate_ppm INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Draws that won: one for each person and campaign.
CREATE TABLE binding (
    lottery_id TEXT NOT NULL,
    openid TEXT NOT NULL,
    packet_id TEXT NOT NULL,
    amount_fen INTEGER NOT NULL CHECK (amount_fen > 0),
    bound_at INTEGER NOT NULL,
    PRIMARY KEY (lottery_id, openid)
) STRICT, WITHOUT ROWID;

-- Web authorisation.
ALTER TABLE app ADD COLUMN app_secret TEXT;

CREATE TABLE app_redirect_host (
    app_id TEXT NOT NULL REFERENCES app,
    position INTEGER NOT NULL,
    host TEXT NOT NULL,
    PRIMARY KEY (app_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE app_origin (
    app_id TEXT NOT NULL REFERENCES app,
    position INTEGER NOT NULL,
    origin TEXT NOT NULL,
    PRIMARY KEY (app_id, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX app_origin_of ON app_origin (origin);

-- Each code is redeemed once; which call did it tells a repeated one from another.
CREATE TABLE redeemed_code (
    issued_at INTEGER NOT NULL,
    nonce BLOB NOT NULL,
    attempt BLOB NOT NULL,
    PRIMARY KEY (issued_at, nonce)
) STRICT, WITHOUT ROWID;

-- Money on its way out of a wallet: each row is its own posting, and what it holds. A wallet's row says what all of
-- them hold, what was withdrawn for good, and which one is the newest; each names the one before it.
CREATE TABLE withdrawal (
    app_id TEXT NOT NULL,
    reference TEXT NOT NULL,
    openid TEXT NOT NULL,
    amount_fen INTEGER NOT NULL CHECK (amount_fen > 0),
    held_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    operator_reference TEXT,
    settled_at INTEGER,
    previous TEXT,
    PRIMARY KEY (app_id, reference)
) STRICT, WITHOUT ROWID;

ALTER TABLE account ADD COLUMN held_fen INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN withdrawn_fen INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN newest_withdrawal TEXT;

-- A person's history: lists, newest first, whose rows name the one before, and whose beginnings stand in rows that are
-- written anyway. What came into a wallet: claims, and transfers (by the packet's own row).
ALTER TABLE claim ADD COLUMN previous TEXT;
ALTER TABLE packet ADD COLUMN previous_in_wallet TEXT;
ALTER TABLE account ADD COLUMN newest_entry TEXT;

CREATE TEMP TABLE entry AS
    SELECT packet_id, app_id, openid, lag(packet_id) OVER one AS previous, lead(packet_id) OVER one IS NULL AS is_newest
    FROM (
        SELECT packet_id, app_id, openid, claimed_at AS at FROM claim
        UNION ALL
        SELECT packet_id, app_id, recipient, sent_at FROM packet WHERE product = 'transfer' AND state = 'exhausted'
    )
    WINDOW one AS (PARTITION BY app_id, openid ORDER BY at, packet_id);
UPDATE claim SET previous = entry.previous FROM entry
    WHERE entry.packet_id = claim.packet_id AND entry.openid = claim.openid;
UPDATE packet SET previous_in_wallet = entry.previous FROM entry
    WHERE entry.packet_id = packet.packet_id AND product = 'transfer';
UPDATE account SET newest_entry = entry.packet_id FROM entry
    WHERE is_newest AND kind = 'recipient_wallet' AND owner = app_id AND person = openid;
DROP TABLE entry;

-- The packets of one payer to one person, those that only landed too; they begin in the counter's row.
ALTER TABLE packet ADD COLUMN previous TEXT;
ALTER TABLE counter ADD COLUMN newest TEXT;

CREATE TEMP TABLE sent AS
    SELECT packet_id, payer_id, family, app_id, recipient, lag(packet_id) OVER one AS previous,
        lead(packet_id) OVER one IS NULL AS is_newest
    FROM packet WHERE recipient <> ''
    WINDOW one AS (PARTITION BY payer_id, family, app_id, recipient ORDER BY created_at, packet_id);
UPDATE packet SET previous = sent.previous FROM sent WHERE sent.packet_id = packet.packet_id;
UPDATE counter SET newest = sent.packet_id FROM sent
    WHERE is_newest AND merchant_id = payer_id AND counter.family = sent.family AND counter.app_id = sent.app_id
    AND openid = recipient;
INSERT INTO counter
    SELECT NULL, payer_id, sent.app_id, recipient, 0, 0, 0, 0, 0, sent.family, 0, 0, sent.packet_id
    FROM sent LEFT JOIN counter ON merchant_id = payer_id AND counter.family = sent.family
        AND counter.app_id = sent.app_id AND openid = recipient
    WHERE is_newest AND counter_no IS NULL;
DROP TABLE sent;

-- With which an app's server comes in: the SHA-256 of a token that was shown once, and what it permits.
CREATE TABLE app_credential (
    app_id TEXT NOT NULL REFERENCES app,
    position INTEGER NOT NULL,
    credential_id TEXT NOT NULL,
    token_sha256 BLOB NOT NULL,
    scopes TEXT NOT NULL,
    valid_from INTEGER NOT NULL,
    valid_until INTEGER,
    PRIMARY KEY (app_id, position)
) STRICT, WITHOUT ROWID;

-- Set while a person is being erased, and then what their openid becomes everywhere.
ALTER TABLE account ADD COLUMN pseudonym TEXT;
