-- Rows lie in the order in which they come, so that a batch of new ones fills pages that are its own: keys that
-- come in no order made every send write a page for each of its rows.

CREATE TABLE packet_in_order (
    packet_id TEXT NOT NULL,
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
) STRICT;

INSERT INTO packet_in_order SELECT * FROM packet ORDER BY created_at, packet_id;
DROP TABLE packet;
ALTER TABLE packet_in_order RENAME TO packet;
CREATE UNIQUE INDEX packet_id ON packet (packet_id);
-- One bill number, one packet, for ever. What differs most comes first: fewer columns to compare.
CREATE UNIQUE INDEX packet_bill ON packet (bill_no, merchant_id, family);

-- Rows are only added and changed, never deleted: the index by which they are found is in memory and knows their
-- numbers.
CREATE TABLE counter_in_order (
    counter_no INTEGER PRIMARY KEY,
    merchant_id TEXT NOT NULL,
    app_id TEXT NOT NULL,
    openid TEXT NOT NULL,
    day INTEGER NOT NULL,
    packets INTEGER NOT NULL,
    amount_fen INTEGER NOT NULL,
    minute INTEGER NOT NULL,
    packets_this_minute INTEGER NOT NULL
) STRICT;

INSERT INTO counter_in_order SELECT NULL, * FROM counter;
DROP TABLE counter;
ALTER TABLE counter_in_order RENAME TO counter;
