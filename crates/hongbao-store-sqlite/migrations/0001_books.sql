-- What the engine keeps. Amounts are whole fen; points in time are milliseconds since 1970 (UTC).
-- No rule lives here: the checks only repeat what must be true of any row.

CREATE TABLE store (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    kind TEXT NOT NULL,
    currency_code TEXT NOT NULL,
    currency_symbol TEXT NOT NULL,
    currency_minor_digits INTEGER NOT NULL,
    -- People's openids follow from it: it must never change.
    person_key BLOB NOT NULL
) STRICT;

CREATE TABLE sandbox_clock (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    offset_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE merchant (
    merchant_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    mode TEXT NOT NULL,
    pinned_algorithm TEXT,
    frozen INTEGER NOT NULL,
    amount_min_fen INTEGER NOT NULL,
    amount_max_fen INTEGER NOT NULL,
    scene_below_fen INTEGER NOT NULL,
    scene_above_fen INTEGER NOT NULL,
    packets_per_minute INTEGER NOT NULL,
    recipient_packets_per_day INTEGER NOT NULL,
    recipient_amount_per_day_fen INTEGER NOT NULL,
    amount_per_day_fen INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE merchant_key (
    merchant_id TEXT NOT NULL REFERENCES merchant,
    position INTEGER NOT NULL,
    api_key TEXT NOT NULL,
    valid_from INTEGER NOT NULL,
    valid_until INTEGER,
    PRIMARY KEY (merchant_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE merchant_certificate (
    merchant_id TEXT NOT NULL REFERENCES merchant,
    position INTEGER NOT NULL,
    public_key_sha256 BLOB NOT NULL,
    valid_from INTEGER NOT NULL,
    valid_until INTEGER,
    PRIMARY KEY (merchant_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE merchant_product (
    merchant_id TEXT NOT NULL REFERENCES merchant,
    position INTEGER NOT NULL,
    product TEXT NOT NULL,
    PRIMARY KEY (merchant_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE merchant_address (
    merchant_id TEXT NOT NULL REFERENCES merchant,
    position INTEGER NOT NULL,
    address TEXT NOT NULL,
    PRIMARY KEY (merchant_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE app (
    app_id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE app_key (
    app_id TEXT NOT NULL REFERENCES app,
    position INTEGER NOT NULL,
    key_id TEXT NOT NULL,
    public_key_pem TEXT NOT NULL,
    valid_from INTEGER NOT NULL,
    valid_until INTEGER,
    PRIMARY KEY (app_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE app_merchant (
    app_id TEXT NOT NULL REFERENCES app,
    position INTEGER NOT NULL,
    merchant_id TEXT NOT NULL,
    PRIMARY KEY (app_id, position)
) STRICT, WITHOUT ROWID;

-- A packet's row is its posting from the payer's funds to its escrow, and its refund back.
CREATE TABLE packet (
    packet_id TEXT PRIMARY KEY,
    merchant_id TEXT NOT NULL,
    family TEXT NOT NULL,
    bill_no TEXT NOT NULL,
    product TEXT NOT NULL,
    payer_id TEXT NOT NULL,
    app_id TEXT NOT NULL,
    recipient TEXT NOT NULL,
    total_fen INTEGER NOT NULL CHECK (total_fen >= claimed_fen + refunded_fen),
    share_count INTEGER NOT NULL CHECK (share_count >= claimed_count),
    sender_name TEXT NOT NULL,
    greeting TEXT NOT NULL,
    activity TEXT NOT NULL,
    remark TEXT NOT NULL,
    scene TEXT,
    state TEXT NOT NULL,
    decline TEXT,
    created_at INTEGER NOT NULL,
    sent_at INTEGER NOT NULL,
    deadline INTEGER NOT NULL,
    claimed_fen INTEGER NOT NULL CHECK (claimed_fen >= 0),
    claimed_count INTEGER NOT NULL CHECK (claimed_count >= 0),
    refunded_fen INTEGER NOT NULL CHECK (refunded_fen >= 0),
    refunded_at INTEGER,
    stamp INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One bill number, one packet, for ever.
CREATE UNIQUE INDEX packet_bill ON packet (merchant_id, family, bill_no);

-- Deadlines still to come; derived from packets.
CREATE TABLE due (
    at INTEGER NOT NULL,
    packet_id TEXT NOT NULL,
    payer_id TEXT NOT NULL,
    PRIMARY KEY (at, packet_id)
) STRICT, WITHOUT ROWID;

-- A claim's row is its posting from the packet's escrow to the person's wallet.
CREATE TABLE claim (
    packet_id TEXT NOT NULL,
    openid TEXT NOT NULL,
    app_id TEXT NOT NULL,
    share_index INTEGER NOT NULL,
    amount_fen INTEGER NOT NULL CHECK (amount_fen > 0),
    claimed_at INTEGER NOT NULL,
    PRIMARY KEY (packet_id, openid)
) STRICT, WITHOUT ROWID;

-- Sums of postings. owner: the merchant, or the app of a wallet; person: a wallet's openid.
CREATE TABLE account (
    kind TEXT NOT NULL,
    owner TEXT NOT NULL,
    person TEXT NOT NULL,
    debits_fen INTEGER NOT NULL CHECK (debits_fen >= 0),
    credits_fen INTEGER NOT NULL CHECK (credits_fen >= 0),
    PRIMARY KEY (kind, owner, person),
    CHECK (kind = 'settlement' OR credits_fen >= debits_fen)
) STRICT, WITHOUT ROWID;

-- What was sent in the running periods. app_id and openid are empty for all that a merchant sends.
CREATE TABLE counter (
    merchant_id TEXT NOT NULL,
    app_id TEXT NOT NULL,
    openid TEXT NOT NULL,
    day INTEGER NOT NULL,
    packets INTEGER NOT NULL,
    amount_fen INTEGER NOT NULL,
    minute INTEGER NOT NULL,
    packets_this_minute INTEGER NOT NULL,
    PRIMARY KEY (merchant_id, app_id, openid)
) STRICT, WITHOUT ROWID;

-- Movements without a bill number; each row is its own posting.
CREATE TABLE transfer (
    kind TEXT NOT NULL,
    reference TEXT NOT NULL,
    merchant_id TEXT NOT NULL,
    amount_fen INTEGER NOT NULL CHECK (amount_fen > 0),
    at INTEGER NOT NULL,
    PRIMARY KEY (kind, reference)
) STRICT, WITHOUT ROWID;
