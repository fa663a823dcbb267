-- Where the store went, or is going: from its first row on nobody serves it any more. Which move it is, the other place
-- knows as well.

CREATE TABLE moved (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    move_id BLOB NOT NULL,
    place TEXT NOT NULL,
    is_done INTEGER NOT NULL
) STRICT;
