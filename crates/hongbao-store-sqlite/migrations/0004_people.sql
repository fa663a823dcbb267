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
