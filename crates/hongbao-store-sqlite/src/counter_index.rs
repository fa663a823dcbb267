//! Where is a counter's row? People come in no order, so that an index in the file would make every send write a
//! page of its own: two thirds of what a send cost. Rows are added at the end instead, and the index is in memory:
//! 30 to 60 bytes for each person who ever got a packet, read from the file before the first batch. Writers and readers
//! share it; what is in it was committed, though perhaps after a reader began to look.

use std::collections::HashMap;

use hongbao_engine::limits::CounterKey;
use hongbao_store::names;
use rusqlite::{Connection, Result};
use sha2::{Digest, Sha256};

use crate::columns;

/// 128 bits of SHA-256: no two keys have the same.
type Hash = [u64; 2];

/// Finds a counter's row by its key.
#[derive(Debug, Default)]
pub(crate) struct CounterIndex {
    /// Row numbers, by a hash of the key.
    rows: HashMap<Hash, i64>,
    /// The last row that is known.
    last: i64,
}

impl CounterIndex {
    /// Takes note of every row that came since. A writer calls it under the file's write lock, so that nobody adds one
    /// before the writer does; a row that another writer added, or a commit whose answer was lost, is found here.
    pub(crate) fn catch_up(&mut self, view: &Connection) -> Result<()> {
        if self.last == 0 {
            let count: i64 = view.query_row("SELECT count(*) FROM counter", [], |row| row.get(0))?;
            self.rows.reserve(usize::try_from(count).unwrap_or_default());
        }
        let sql = "SELECT counter_no, merchant_id, app_id, openid, family FROM counter WHERE counter_no > ? ORDER BY counter_no";
        let mut statement = view.prepare_cached(sql)?;
        let mut rows = statement.query([self.last])?;
        while let Some(row) = rows.next()? {
            let text = |at: usize| row.get_ref(at)?.as_str().map_err(rusqlite::Error::from);
            let number = row.get(0)?;
            self.last = number;
            let key = [text(1)?, text(2)?, text(3)?, text(4)?];
            if key[0].is_empty() {
                continue;
            }
            // Who was erased may come again; their first row is blank.
            let earlier = self.rows.insert(hash(key), number);
            if earlier.is_some_and(|earlier| !is_blank(view, earlier).unwrap_or(false)) {
                return Err(columns::nonsense("counter_no", "two counters have one key"));
            }
        }
        Ok(())
    }

    /// The number of the row with this key, if there is one.
    pub(crate) fn find(&self, key: &CounterKey) -> Option<i64> {
        self.rows.get(&hash(names::counter_key(key))).copied()
    }
}

/// Whether this row was of somebody who was erased: it is there, so that its number is not given out again.
fn is_blank(view: &Connection, number: i64) -> Result<bool> {
    let sql = "SELECT merchant_id = '' FROM counter WHERE counter_no = ?";
    view.prepare_cached(sql)?.query_row([number], |row| row.get(0))
}

fn hash(key: [&str; 4]) -> Hash {
    let digest = key.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part).chain_update([0])).finalize();
    let part = |at: usize| digest[at..].first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    [part(0), part(8)]
}
