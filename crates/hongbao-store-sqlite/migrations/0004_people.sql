-- What people do: they open shares of one packet in turn.

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
