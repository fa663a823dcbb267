//! How is a batch written? Three round trips, however large it is: everything is loaded and locked, then everything is
//! written, then it is committed.
//!
//! Whatever goes wrong, the connection is dropped with it; the next load makes a new one. Before `COMMIT` is sent, nothing
//! can have been written; after that, only its answer says whether it was.

use hongbao_engine::rows::{Change, Changes, KeySet};
use hongbao_store::{CommitError, Loaded, StoreError, Writer};

use crate::error::Error;
use crate::session::{Role, Session, within};
use crate::{PostgresStore, locks, migrations, rows, writes};

/// How often a load is begun anew that gave way to another.
const LOADS_MAX: u32 = 5;
pub(crate) const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";

/// Writes to a [`PostgresStore`], over a connection of its own.
#[derive(Debug)]
pub struct PostgresWriter {
    store: PostgresStore,
    /// There between a load and what follows it, and between batches that went well.
    session: Option<Session>,
    is_in_batch: bool,
    batches: u64,
}

impl PostgresWriter {
    pub(crate) fn new(store: PostgresStore) -> PostgresWriter {
        PostgresWriter { store, session: None, is_in_batch: false, batches: 0 }
    }

    async fn load_once(&mut self, keys: &KeySet) -> Result<Loaded, Error> {
        // Taken, and given back when all went well: whatever is dropped half-way drops its connection.
        let is_in_batch = std::mem::take(&mut self.is_in_batch);
        let mut session = match self.session.take() {
            Some(session) if !session.is_closed() => session,
            _ => self.store.target().connect(Role::Writer).await?,
        };
        let host = session.host();
        self.batches += 1;
        let is_to_plan = self.batches.is_power_of_two();
        let loading = async {
            if is_in_batch {
                session.batch("ROLLBACK").await?;
            }
            if is_to_plan {
                session.plan_again().await?;
            }
            let (queries, fills): (Vec<_>, Vec<_>) = locks::locks(keys).into_iter().unzip();
            let found = session.rows(Some(BEGIN), &queries).await?;
            let mut loaded = locks::absent(keys);
            for (fill, found) in fills.into_iter().zip(&found) {
                found.iter().try_for_each(|row| fill(&mut loaded, row))?;
            }
            // Sent after all locks, and so read after the last one.
            let time = found.last().and_then(|rows| rows.first());
            let time = time.ok_or_else(|| rows::nonsense("offset_ms", "there is no clock"))?;
            migrations::check_version(time)?;
            let now = self.store.time(time)?;
            Ok(Loaded { rows: loaded, now })
        };
        let loaded = within(self.store.patience(), "rows to be loaded", loading).await;
        match loaded {
            Ok(loaded) => {
                (self.session, self.is_in_batch) = (Some(session), true);
                Ok(loaded)
            }
            Err(error) => {
                if matches!(error, Error::TimedOut(_)) {
                    self.store.target().avoid(host);
                }
                Err(error)
            }
        }
    }

    async fn commit_now(&mut self, changes: &Changes) -> Result<(), CommitError> {
        self.is_in_batch = false;
        let session = self.session.take();
        let mut session = session.ok_or_else(|| CommitError::NotWritten("nothing was loaded".to_owned()))?;
        let host = session.host();
        if let Some(packet) = changes.packets.iter().map(Change::after).find(|packet| !packet.is_in_its_shard()) {
            let why = format!("the id of packet {} does not end with its bill number's shard", packet.id);
            return Err(CommitError::Conflict(why));
        }
        let mut queries = writes::writes(changes);
        if queries.is_empty() {
            queries.push(writes::mark());
        }
        let written = within(self.store.patience(), "rows to be written", session.write(&queries)).await;
        if let Err(error) = written {
            if matches!(error, Error::TimedOut(_)) {
                self.store.target().avoid(host);
            } else if !session.is_over_after(&error) {
                // Nothing is wrong with the connection.
                self.roll_back(session).await;
            }
            return Err(error.of_write());
        }
        // Also when nothing was written: what is answered from rows that others wrote, or that are not there, counts only
        // if this commit does.
        match within(self.store.patience(), "a commit", session.commit()).await {
            Ok(true) => {
                self.session = Some(session);
                Ok(())
            }
            Ok(false) => {
                self.store.target().avoid(host);
                Err(CommitError::Unknown("the database warned while it committed".to_owned()))
            }
            Err(error) => {
                if matches!(error, Error::TimedOut(_)) {
                    self.store.target().avoid(host);
                }
                Err(CommitError::Unknown(error.to_string()))
            }
        }
    }

    async fn roll_back(&mut self, session: Session) {
        if within(self.store.patience(), "a rollback", session.batch("ROLLBACK")).await.is_ok() {
            self.session = Some(session);
        }
    }
}

impl Writer for PostgresWriter {
    async fn load(&mut self, keys: &KeySet) -> Result<Loaded, StoreError> {
        let mut tries = 1;
        loop {
            match self.load_once(keys).await {
                Err(error) if (error.is_passing() || error.is_outdated()) && tries < LOADS_MAX => tries += 1,
                loaded => return loaded.map_err(Error::of_read),
            }
        }
    }

    async fn commit(&mut self, changes: &Changes) -> Result<(), CommitError> {
        self.commit_now(changes).await
    }

    async fn release(&mut self) {
        if std::mem::take(&mut self.is_in_batch)
            && let Some(session) = self.session.take()
        {
            self.roll_back(session).await;
        }
    }
}
