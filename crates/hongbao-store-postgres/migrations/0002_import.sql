-- Where the rows came from, if they are another store's, and how far that is. Until it is done this is no store yet.

CREATE TABLE import (
    one SMALLINT PRIMARY KEY CHECK (one = 1),
    move_id BYTEA NOT NULL,
    is_done BOOLEAN NOT NULL,
    -- The table that is being filled, and the key of its last row, as the other store writes it; null before the first.
    at_table TEXT NOT NULL,
    at_key TEXT
);
