-- What the other products need: several shares, sub-merchants, senders of 企业微信; and what merchants, apps and
-- people may be told by an operator. Who was there before keeps the limits that he had: 4294967295 is none.

ALTER TABLE merchant ADD COLUMN generation TEXT NOT NULL DEFAULT 'G2b';
ALTER TABLE merchant ADD COLUMN is_closed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE merchant ADD COLUMN entered_at INTEGER;
ALTER TABLE merchant ADD COLUMN trading_since INTEGER;
ALTER TABLE merchant ADD COLUMN shares_max INTEGER NOT NULL DEFAULT 10000;
ALTER TABLE merchant ADD COLUMN packets_per_second INTEGER NOT NULL DEFAULT 4294967295;
ALTER TABLE merchant ADD COLUMN packets_per_day INTEGER NOT NULL DEFAULT 4294967295;
ALTER TABLE merchant ADD COLUMN recipient_packets_per_minute INTEGER NOT NULL DEFAULT 4294967295;
ALTER TABLE merchant ADD COLUMN closed_at_night INTEGER NOT NULL DEFAULT 0;
ALTER TABLE merchant ADD COLUMN expires_after_ms INTEGER;

CREATE TABLE merchant_provider (
    merchant_id TEXT NOT NULL REFERENCES merchant,
    position INTEGER NOT NULL,
    provider_id TEXT NOT NULL,
    PRIMARY KEY (merchant_id, position)
) STRICT, WITHOUT ROWID;

ALTER TABLE app ADD COLUMN kind TEXT NOT NULL DEFAULT 'official_account';
ALTER TABLE app ADD COLUMN registered_only INTEGER NOT NULL DEFAULT 0;
ALTER TABLE app ADD COLUMN workwx_secret TEXT;

-- People of whom something is known; who is there is registered.
CREATE TABLE person (
    app_id TEXT NOT NULL,
    openid TEXT NOT NULL,
    is_blocked INTEGER NOT NULL,
    PRIMARY KEY (app_id, openid)
) STRICT, WITHOUT ROWID;

-- The recipient of a pre-order, who is nobody yet, is empty.
ALTER TABLE packet ADD COLUMN split TEXT NOT NULL DEFAULT 'whole';
ALTER TABLE packet ADD COLUMN on_behalf_of TEXT;
ALTER TABLE packet ADD COLUMN sender_picture TEXT;
ALTER TABLE packet ADD COLUMN sender_agent TEXT;
ALTER TABLE packet ADD COLUMN recipient_name TEXT;

ALTER TABLE counter ADD COLUMN family TEXT NOT NULL DEFAULT 'packets';
ALTER TABLE counter ADD COLUMN second INTEGER NOT NULL DEFAULT 0;
ALTER TABLE counter ADD COLUMN packets_this_second INTEGER NOT NULL DEFAULT 0;
