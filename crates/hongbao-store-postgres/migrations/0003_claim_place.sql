-- A claim is found by packet and openid, or by packet and place. The second index begins with something that no search by
-- openid names: otherwise the planner, to whom both look alike while it knows nothing of the table, may look through all
-- claims of a packet for each openid.
DROP INDEX claim_place;
CREATE UNIQUE INDEX claim_place ON claim (shard, (packet_id || '#'), share_index);
