-- What the engine keeps. Amounts are whole fen; points in time are milliseconds since 1970 (UTC). No rule lives here:
-- the checks only repeat what must be true of any row.
--
-- Only what PostgreSQL's distributed relatives know, too. Keys of what grows begin with a shard that follows from them
-- (a packet's, from the end of its id), so that rows can be spread over machines; what an operator enters is little, and
-- read in the order of its keys.

CREATE TABLE store (
    one SMALLINT PRIMARY KEY CHECK (one = 1),
    kind TEXT NOT NULL,
    currency_code TEXT NOT NULL,
    currency_symbol TEXT NOT NULL,
    currency_minor_digits BIGINT NOT NULL,
    -- People's openids follow from it: it must never change.
    person_key BYTEA NOT NULL
);

-- Every share of a packet follows from its number and one of these keys: none may ever be dropped.
CREATE TABLE draw_key (
    number BIGINT PRIMARY KEY,
    key BYTEA NOT NULL
);

-- There from the beginning, so that who sets it finds a row to lock.
CREATE TABLE sandbox_clock (
    one SMALLINT PRIMARY KEY CHECK (one = 1),
    offset_ms BIGINT NOT NULL
);
INSERT INTO sandbox_clock VALUES (1, 0);

-- Lists are JSON in the row: they are read and written as a whole, with it.
CREATE TABLE merchant (
    merchant_id TEXT COLLATE "C" PRIMARY KEY,
    name TEXT NOT NULL,
    mode TEXT NOT NULL,
    generation TEXT NOT NULL,
    pinned_algorithm TEXT,
    keys JSONB NOT NULL,
    certificates JSONB NOT NULL,
    products JSONB NOT NULL,
    providers JSONB NOT NULL,
    addresses JSONB NOT NULL,
    is_closed BOOLEAN NOT NULL,
    frozen BOOLEAN NOT NULL,
    entered_at BIGINT,
    trading_since BIGINT,
    draw_rule TEXT NOT NULL,
    amount_min_fen BIGINT NOT NULL,
    amount_max_fen BIGINT NOT NULL,
    scene_below_fen BIGINT NOT NULL,
    scene_above_fen BIGINT NOT NULL,
    shares_max BIGINT NOT NULL,
    packets_per_second BIGINT NOT NULL,
    packets_per_minute BIGINT NOT NULL,
    packets_per_day BIGINT NOT NULL,
    recipient_packets_per_minute BIGINT NOT NULL,
    recipient_packets_per_day BIGINT NOT NULL,
    recipient_amount_per_day_fen BIGINT NOT NULL,
    amount_per_day_fen BIGINT NOT NULL,
    closed_at_night BOOLEAN NOT NULL,
    expires_after_ms BIGINT
);

CREATE TABLE app (
    app_id TEXT COLLATE "C" PRIMARY KEY,
    kind TEXT NOT NULL,
    registered_only BOOLEAN NOT NULL,
    workwx_secret TEXT,
    app_secret TEXT,
    keys JSONB NOT NULL,
    merchants JSONB NOT NULL,
    redirect_hosts JSONB NOT NULL,
    origins JSONB NOT NULL,
    -- With which an app's server comes in: the SHA-256 of a token that was shown once, and what it permits.
    credentials JSONB NOT NULL
);

-- People of whom something is known; who is there is registered.
CREATE TABLE person (
    app_id TEXT COLLATE "C" NOT NULL,
    openid TEXT COLLATE "C" NOT NULL,
    is_blocked BOOLEAN NOT NULL,
    PRIMARY KEY (app_id, openid)
);

CREATE TABLE lottery (
    lottery_id TEXT COLLATE "C" PRIMARY KEY,
    account_id TEXT COLLATE "C" NOT NULL,
    sponsor_id TEXT COLLATE "C" NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    is_on BOOLEAN NOT NULL,
    begins_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    prizes_max BIGINT NOT NULL,
    prizes BIGINT NOT NULL,
    jump_url TEXT NOT NULL,
    draw_key TEXT NOT NULL,
    win_rate_ppm BIGINT NOT NULL
);

-- A packet's row is its posting from the payer's funds to its escrow, and its refund back. The recipient of a pre-order,
-- who is nobody yet, is empty.
CREATE TABLE packet (
    shard SMALLINT NOT NULL,
    packet_id TEXT COLLATE "C" NOT NULL,
    merchant_id TEXT COLLATE "C" NOT NULL,
    family TEXT COLLATE "C" NOT NULL,
    bill_no TEXT COLLATE "C" NOT NULL,
    product TEXT NOT NULL,
    payer_id TEXT COLLATE "C" NOT NULL,
    on_behalf_of TEXT COLLATE "C",
    app_id TEXT COLLATE "C" NOT NULL,
    recipient TEXT COLLATE "C" NOT NULL,
    split TEXT NOT NULL,
    -- Of a packet in one piece there is none.
    draw_key BIGINT,
    total_fen BIGINT NOT NULL CHECK (total_fen >= claimed_fen + refunded_fen),
    share_count BIGINT NOT NULL CHECK (share_count >= claimed_count),
    sender_name TEXT NOT NULL,
    greeting TEXT NOT NULL,
    activity TEXT NOT NULL,
    remark TEXT NOT NULL,
    scene TEXT,
    sender_picture TEXT,
    sender_agent TEXT,
    recipient_name TEXT,
    -- What only pre-orders have.
    service TEXT COLLATE "C",
    risk_control TEXT,
    lottery_id TEXT COLLATE "C",
    bound_at BIGINT,
    -- A person's history: each row names the one before it.
    previous TEXT COLLATE "C",
    previous_in_wallet TEXT COLLATE "C",
    state TEXT NOT NULL,
    decline TEXT,
    created_at BIGINT NOT NULL,
    sent_at BIGINT NOT NULL,
    deadline BIGINT NOT NULL,
    claimed_fen BIGINT NOT NULL CHECK (claimed_fen >= 0),
    claimed_count BIGINT NOT NULL CHECK (claimed_count >= 0),
    refunded_fen BIGINT NOT NULL CHECK (refunded_fen >= 0),
    refunded_at BIGINT,
    stamp BIGINT NOT NULL,
    PRIMARY KEY (shard, packet_id)
);

-- One bill number, one packet, for ever.
CREATE UNIQUE INDEX packet_bill ON packet (shard, bill_no, merchant_id, family);
-- A campaign's bucket: few packets are in one, so few are in this index.
CREATE INDEX packet_lottery ON packet (lottery_id, packet_id) WHERE lottery_id IS NOT NULL;

-- Deadlines still to come; derived from packets.
CREATE TABLE due (
    shard SMALLINT NOT NULL,
    at BIGINT NOT NULL,
    packet_id TEXT COLLATE "C" NOT NULL,
    payer_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (shard, at, packet_id)
);

-- A claim's row is its posting from the packet's escrow to the person's wallet.
CREATE TABLE claim (
    shard SMALLINT NOT NULL,
    packet_id TEXT COLLATE "C" NOT NULL,
    openid TEXT COLLATE "C" NOT NULL,
    app_id TEXT COLLATE "C" NOT NULL,
    share_index BIGINT NOT NULL,
    amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
    claimed_at BIGINT NOT NULL,
    previous TEXT COLLATE "C",
    PRIMARY KEY (shard, packet_id, openid)
);

-- Claims are read by their place, a page at a time.
CREATE UNIQUE INDEX claim_place ON claim (shard, packet_id, share_index);

-- Draws that won: one for each person and campaign.
CREATE TABLE binding (
    lottery_id TEXT COLLATE "C" NOT NULL,
    openid TEXT COLLATE "C" NOT NULL,
    packet_id TEXT COLLATE "C" NOT NULL,
    amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
    bound_at BIGINT NOT NULL,
    PRIMARY KEY (lottery_id, openid)
);

-- Sums of postings. owner: the merchant, or the app of a wallet; person: a wallet's openid. Pages are left room, here and
-- below, so that a row that changes with every batch stays where it is.
CREATE TABLE account (
    shard SMALLINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    owner TEXT COLLATE "C" NOT NULL,
    person TEXT COLLATE "C" NOT NULL,
    debits_fen BIGINT NOT NULL CHECK (debits_fen >= 0),
    credits_fen BIGINT NOT NULL CHECK (credits_fen >= 0),
    held_fen BIGINT NOT NULL,
    withdrawn_fen BIGINT NOT NULL,
    newest_withdrawal TEXT COLLATE "C",
    newest_entry TEXT COLLATE "C",
    -- Set while a person is being erased, and then what their openid becomes everywhere.
    pseudonym TEXT COLLATE "C",
    PRIMARY KEY (shard, kind, owner, person),
    CHECK (kind = 'settlement' OR credits_fen >= debits_fen)
) WITH (fillfactor = 70);

-- What was sent in the running periods. app_id and openid are empty for all that a merchant sends; otherwise the shard
-- is the person's, so that all who ever sent to a person are found side by side.
CREATE TABLE counter (
    shard SMALLINT NOT NULL,
    app_id TEXT COLLATE "C" NOT NULL,
    openid TEXT COLLATE "C" NOT NULL,
    merchant_id TEXT COLLATE "C" NOT NULL,
    family TEXT COLLATE "C" NOT NULL,
    day BIGINT NOT NULL,
    packets BIGINT NOT NULL,
    amount_fen BIGINT NOT NULL,
    minute BIGINT NOT NULL,
    packets_this_minute BIGINT NOT NULL,
    second BIGINT NOT NULL,
    packets_this_second BIGINT NOT NULL,
    newest TEXT COLLATE "C",
    PRIMARY KEY (shard, app_id, openid, merchant_id, family)
) WITH (fillfactor = 70);

-- Movements without a bill number; each row is its own posting.
CREATE TABLE transfer (
    shard SMALLINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    reference TEXT COLLATE "C" NOT NULL,
    merchant_id TEXT COLLATE "C" NOT NULL,
    amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
    at BIGINT NOT NULL,
    PRIMARY KEY (shard, kind, reference)
);

-- Each code is redeemed once; which call did it tells a repeated one from another. Taken away a day later, by its time
-- in each shard: there are 16 of these.
CREATE TABLE redeemed_code (
    shard SMALLINT NOT NULL,
    issued_at BIGINT NOT NULL,
    nonce BYTEA NOT NULL,
    attempt BYTEA NOT NULL,
    PRIMARY KEY (shard, issued_at, nonce)
);

-- Money on its way out of a wallet: each row is its own posting, and what it holds.
CREATE TABLE withdrawal (
    shard SMALLINT NOT NULL,
    app_id TEXT COLLATE "C" NOT NULL,
    reference TEXT COLLATE "C" NOT NULL,
    openid TEXT COLLATE "C" NOT NULL,
    amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
    held_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    operator_reference TEXT,
    settled_at BIGINT,
    previous TEXT COLLATE "C",
    PRIMARY KEY (shard, app_id, reference)
);
