-- Fewer shards (64 of what were 1000), so that a batch of new rows touches fewer places of each index; and keys that tell
-- rows apart as soon as they can, for every search compares column by column. Each first statement waits until nobody is in
-- the middle of a batch that reads these tables, and keeps others out until all is done.

DROP INDEX packet_bill;
UPDATE packet SET shard = shard % 64;
CREATE UNIQUE INDEX packet_bill ON packet (shard, bill_no, merchant_id, family);

DROP INDEX claim_place;
UPDATE claim SET shard = shard % 64;
CREATE UNIQUE INDEX claim_place ON claim (shard, (packet_id || '#'), share_index);

ALTER TABLE account DROP CONSTRAINT account_pkey;
UPDATE account SET shard = shard % 64;
ALTER TABLE account ADD PRIMARY KEY (shard, person, owner, kind);

ALTER TABLE counter DROP CONSTRAINT counter_pkey;
UPDATE counter SET shard = shard % 64;
ALTER TABLE counter ADD PRIMARY KEY (shard, openid, app_id, merchant_id, family);

-- Whoever writes these has locked rows of the tables above.
UPDATE due SET shard = shard % 64;
UPDATE transfer SET shard = shard % 64;
UPDATE withdrawal SET shard = shard % 64;
