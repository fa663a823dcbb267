-- The oldest version whose nodes may go on while the tables are of this one: what a migration only adds does not stop them.
-- A table of its own: schema_version is locked while tables are changed, and so must not be changed itself.
CREATE TABLE oldest_version (
    one SMALLINT PRIMARY KEY CHECK (one = 1),
    oldest BIGINT NOT NULL
);
INSERT INTO oldest_version VALUES (1, 4);
