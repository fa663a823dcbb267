//! Who reads, and over which connection? A bounded pool: a reader that finds none free waits, and is told before long.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hongbao_store::StoreError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::Row;

use crate::error::Error;
use crate::query::Query;
use crate::session::{Role, Session, within};
use crate::target::Target;
use crate::writer::BEGIN;
use crate::{migrations, rows, writes};

/// How many may read at once.
const READERS: usize = 8;
/// How long a read may take, the wait for a connection included.
const PATIENCE: Duration = Duration::from_secs(10);
/// One view of everything, however many statements look at it.
const VIEW: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// What is said must outlive the server that says it.
const LASTING: &str = "SELECT set_config('synchronous_commit', 'on', true)
     WHERE current_setting('synchronous_commit') IN ('off', 'local', 'remote_write')";

pub(crate) struct Pool {
    target: Arc<Target>,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Session>>,
}

/// One consistent view, over several round trips. Dropped before it is finished, it takes its connection with it.
pub(crate) struct View<'a> {
    pool: &'a Pool,
    session: Session,
    is_begun: bool,
    _permit: OwnedSemaphorePermit,
}

impl Pool {
    pub(crate) fn new(target: Arc<Target>) -> Pool {
        Pool { target, permits: Arc::new(Semaphore::new(READERS)), idle: Mutex::default() }
    }

    /// The rows that each of the queries finds, all in one view.
    pub(crate) async fn rows(&self, queries: &[Query<'_>]) -> Result<Vec<Vec<Row>>, StoreError> {
        within(PATIENCE, "a read", self.read(queries)).await.map_err(Error::of_read)
    }

    async fn read(&self, queries: &[Query<'_>]) -> Result<Vec<Vec<Row>>, Error> {
        loop {
            let (mut session, permit, is_used) = self.session().await?;
            let read = async {
                if let [_] = queries {
                    return understood(&mut session, None, queries).await;
                }
                let rows = understood(&mut session, Some(VIEW), queries).await?;
                session.batch("COMMIT").await?;
                Ok(rows)
            };
            match read.await {
                Ok(rows) => {
                    self.give_back(session);
                    return Ok(rows);
                }
                // It had been closed on the other side, by a restart perhaps, and nobody had looked; or tables changed.
                Err(error) if is_used && session.is_over_after(&error) => drop((session, permit)),
                Err(error) => return Err(error),
            }
        }
    }

    /// The rows that a query finds where something can still be committed: not on a primary that was replaced and does not
    /// know.
    pub(crate) async fn rows_that_last(&self, query: Query<'_>, patience: Duration) -> Result<Vec<Row>, StoreError> {
        let queries = [Query::new(LASTING, Vec::new()), query, writes::mark()];
        loop {
            let (mut session, permit, is_used) =
                within(PATIENCE, "a connection", self.session()).await.map_err(Error::of_read)?;
            let asked = async {
                let found = understood(&mut session, Some(BEGIN), &queries).await?;
                Ok((found, session.commit().await?))
            };
            match within(patience, "a commit", asked).await {
                Ok((mut found, true)) => {
                    self.give_back(session);
                    return Ok(found.swap_remove(1));
                }
                Ok((_, false)) | Err(Error::TimedOut(_)) => {
                    self.target.avoid(session.host());
                    return Err(StoreError::Unavailable("nothing can be committed".to_owned()));
                }
                Err(error) if is_used && session.is_over_after(&error) => drop((session, permit)),
                Err(error) => return Err(error.of_read()),
            }
        }
    }

    /// One view for what can't be asked for in one go.
    pub(crate) async fn view(&self) -> Result<View<'_>, StoreError> {
        let (session, permit, _) = within(PATIENCE, "a connection", self.session()).await.map_err(Error::of_read)?;
        Ok(View { pool: self, session, is_begun: false, _permit: permit })
    }

    async fn session(&self) -> Result<(Session, OwnedSemaphorePermit, bool), Error> {
        let permit = self.permits.clone().acquire_owned().await;
        let permit = permit.map_err(|_| Error::Unreachable("the pool is closed".to_owned()))?;
        loop {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            match idle {
                Some(session) if session.is_closed() || self.target.has_moved_since(&session) => {}
                Some(session) => return Ok((session, permit, true)),
                None => return Ok((self.target.connect(Role::Reader).await?, permit, false)),
            }
        }
    }

    fn give_back(&self, session: Session) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(session);
    }
}

/// The rows that each of the queries finds, if the tables are still of a version that is understood here: in those of
/// another, what is there may not be found. It is asked for last, so that it is true of all.
async fn understood(
    session: &mut Session,
    first: Option<&'static str>,
    queries: &[Query<'_>],
) -> Result<Vec<Vec<Row>>, Error> {
    let versions = Query::new(migrations::VERSIONS, Vec::new());
    let mut found = session.rows(first, queries.iter().chain([&versions])).await?;
    let versions = found.pop().unwrap_or_default();
    let version = versions.first().ok_or_else(|| rows::nonsense("version", "there is no row"))?;
    migrations::check_version(version)?;
    Ok(found)
}

impl View<'_> {
    /// The rows that each of the queries finds.
    pub(crate) async fn rows(&mut self, queries: &[Query<'_>]) -> Result<Vec<Vec<Row>>, StoreError> {
        let first = (!self.is_begun).then_some(VIEW);
        self.is_begun = true;
        let read = async {
            match first {
                Some(_) => understood(&mut self.session, first, queries).await,
                None => self.session.rows(None, queries).await,
            }
        };
        within(PATIENCE, "a read", read).await.map_err(Error::of_read)
    }

    /// The rows of one query, as they come.
    pub(crate) async fn stream(&mut self, sql: &str) -> Result<tokio_postgres::RowStream, StoreError> {
        if !self.is_begun {
            self.rows(&[]).await?;
        }
        within(PATIENCE, "a read", self.session.stream(sql)).await.map_err(Error::of_read)
    }

    /// Lets the view go.
    pub(crate) async fn finish(self) -> Result<(), StoreError> {
        if self.is_begun {
            within(PATIENCE, "the end of a read", self.session.batch("COMMIT")).await.map_err(Error::of_read)?;
        }
        self.pool.give_back(self.session);
        Ok(())
    }
}
