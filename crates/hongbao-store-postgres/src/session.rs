//! How do we talk to one backend? Statements are prepared once and sent one behind another, without waiting for the
//! answer of the one before; what the server says on the side is counted.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::task::AbortHandle;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, Client, Config, Row, SimpleQueryMessage, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::Error;
use crate::pipeline::{Pipelined, TlsBelow};
use crate::query::Query;
use crate::socket::{self, Address, Socket};

/// What a session is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Loads and commits.
    Writer,
    /// Reads.
    Reader,
}

/// What must hold of every writer: a commit is durable, whatever the database's default; nobody waits for a lock for
/// ever; a node that froze in the middle of a batch lets its rows go.
const WRITER: &str = "SELECT set_config('synchronous_commit', 'on', false)
         WHERE current_setting('synchronous_commit') IN ('off', 'local', 'remote_write');
     SET lock_timeout = '8s';
     SET idle_in_transaction_session_timeout = '30s'";
/// A node that vanishes while it sends lets them go, too: the server, which waits for the rest, asks whether it is there.
const KEEPALIVES: &str = "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3";
/// Every statement of a writer finds its rows by whole keys. It is planned once, and in that way, even while the
/// tables are still empty; and again as they grow ([`Session::plan_again`]). A relative of PostgreSQL's that does not know
/// these settings goes without.
const WRITER_PLANS: &str = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off;
     SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off";
const READER_PLANS: &str = "SET jit = off";

/// A connection. Dropping it closes the socket at once, whatever is under way: no cancel request is ever sent, for that
/// would make a server call a commit done that its standby never saw.
pub(crate) struct Session {
    client: Client,
    task: AbortHandle,
    notices: Arc<AtomicU64>,
    statements: HashMap<String, Statement>,
    host: usize,
    left: usize,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("host", &self.host).finish_non_exhaustive()
    }
}

impl Session {
    /// To the first address of the one host that `config` names at which there is what was asked for.
    pub(crate) async fn connect(
        config: &Config,
        tls: &MakeRustlsConnect,
        role: Role,
        (host, left): (usize, usize),
    ) -> Result<Session, Error> {
        let mut failure = Error::Unreachable("it has no address".to_owned());
        for address in socket::addresses(config).await.map_err(|error| unreachable(&error))? {
            match Session::connect_at(&address, config, tls.clone(), role, (host, left)).await {
                Ok(session) => return Ok(session),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    async fn connect_at(
        address: &Address,
        config: &Config,
        mut tls: MakeRustlsConnect,
        role: Role,
        (host, left): (usize, usize),
    ) -> Result<Session, Error> {
        let name = if let Some(Host::Tcp(name)) = config.get_hosts().first() { name } else { "" };
        let Ok(tls) = MakeTlsConnect::<Socket>::make_tls_connect(&mut tls, name);
        let socket = socket::connect(address, config).await.map_err(|error| unreachable(&error))?;
        let socket = Pipelined::new(socket, config.get_ssl_mode() != SslMode::Disable);
        let (client, mut connection) = config.connect_raw(socket, TlsBelow(tls)).await?;
        let notices = Arc::new(AtomicU64::new(0));
        let counter = notices.clone();
        let task = tokio::spawn(async move {
            // In the order of the wire: a warning is counted before the answer that it belongs to is handed over.
            while let Some(message) = std::future::poll_fn(|context| connection.poll_message(context)).await {
                match message {
                    Ok(AsyncMessage::Notice(notice)) => {
                        counter.fetch_add(1, Ordering::SeqCst);
                        tracing::warn!(code = notice.code().code(), "the database says: {}", notice.message());
                    }
                    Ok(_) => {}
                    Err(_) => break,
                }
            }
        });
        let session = Session { client, task: task.abort_handle(), notices, statements: HashMap::new(), host, left };
        session.expect(config.get_target_session_attrs()).await?;
        if role == Role::Writer {
            session.if_known(KEEPALIVES).await?;
            session.client.batch_execute(WRITER).await?;
        }
        let plans = if role == Role::Writer { WRITER_PLANS } else { READER_PLANS };
        session.if_known(plans).await?;
        Ok(session)
    }

    /// That it may write, or may not, if that is asked for.
    async fn expect(&self, wanted: TargetSessionAttrs) -> Result<(), Error> {
        if wanted == TargetSessionAttrs::Any {
            return Ok(());
        }
        let is_read_only = self.texts("SHOW transaction_read_only").await? == ["on"];
        if is_read_only && wanted == TargetSessionAttrs::ReadWrite {
            return Err(Error::Unreachable("it does not allow writes".to_owned()));
        }
        if !is_read_only && wanted == TargetSessionAttrs::ReadOnly {
            return Err(Error::Unreachable("it is not read-only".to_owned()));
        }
        Ok(())
    }

    /// What was planned for small tables is planned anew: there, any index looks as good as another.
    pub(crate) async fn plan_again(&self) -> Result<(), Error> {
        self.if_known("DISCARD PLANS").await
    }

    /// What not every relative of PostgreSQL's knows.
    async fn if_known(&self, sql: &str) -> Result<(), Error> {
        match self.client.batch_execute(sql).await {
            Err(error) if error.as_db_error().is_none() => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Which of the hosts it is connected to.
    pub(crate) fn host(&self) -> usize {
        self.host
    }

    /// How often a host had been left when it began.
    pub(crate) fn left(&self) -> usize {
        self.left
    }

    /// Whether the other side is gone, as far as is known.
    pub(crate) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Whether it is of no use any more after this error: it has ended, or knows tables as they were.
    pub(crate) fn is_over_after(&self, error: &Error) -> bool {
        self.is_closed() || error.is_fatal() || error.is_outdated()
    }

    /// Statements without values, one after another.
    pub(crate) async fn batch(&self, sql: &str) -> Result<(), Error> {
        Ok(self.client.batch_execute(sql).await?)
    }

    /// Commits. `false` when the server warned meanwhile, as it does when it gave up waiting for its standby: then nobody
    /// knows whether the commit will last.
    pub(crate) async fn commit(&self) -> Result<bool, Error> {
        let before = self.notices.load(Ordering::SeqCst);
        self.client.batch_execute("COMMIT").await?;
        Ok(self.notices.load(Ordering::SeqCst) == before)
    }

    /// Sends `first` and all of `queries` in one go; the rows that each of these found. Of several errors, the first.
    pub(crate) async fn rows<'q>(
        &mut self,
        first: Option<&'static str>,
        queries: impl IntoIterator<Item = &'q Query<'q>>,
    ) -> Result<Vec<Vec<Row>>, Error> {
        let first = first.map(|sql| Query::new(sql, Vec::new()));
        let mut all: Vec<&Query<'_>> = first.iter().collect();
        queries.into_iter().for_each(|query| all.push(query));
        let statements = self.prepare(&all).await?;
        let client = &self.client;
        // They are polled in this order, and each sends when it is polled first.
        let found =
            all.iter().zip(&statements).map(async |(query, statement)| client.query(statement, &borrowed(query)).await);
        let found: Result<Vec<Vec<Row>>, tokio_postgres::Error> = join_all(found).await.into_iter().collect();
        Ok(found?.split_off(usize::from(first.is_some())))
    }

    /// Sends all of `queries` in one go; each must write the rows that it was to.
    pub(crate) async fn write(&mut self, queries: &[Query<'_>]) -> Result<(), Error> {
        let statements = self.prepare(&queries.iter().collect::<Vec<_>>()).await?;
        let client = &self.client;
        let written = queries
            .iter()
            .zip(&statements)
            .map(async |(query, statement)| client.execute(statement, &borrowed(query)).await);
        let written: Result<Vec<u64>, tokio_postgres::Error> = join_all(written).await.into_iter().collect();
        for (query, written) in queries.iter().zip(written?) {
            if query.rows.is_some_and(|rows| rows != written) {
                let what = query.sql.split(" (").next().unwrap_or_default().split(" SET ").next().unwrap_or_default();
                return Err(Error::Moved(format!("{what}: {written} rows instead of {:?}", query.rows)));
            }
        }
        Ok(())
    }

    /// What a statement without values says, line by line.
    pub(crate) async fn texts(&self, sql: &str) -> Result<Vec<String>, Error> {
        let text = |message| {
            let SimpleQueryMessage::Row(row) = message else { return None };
            row.get(0).map(str::to_owned)
        };
        Ok(self.client.simple_query(sql).await?.into_iter().filter_map(text).collect())
    }

    /// One statement, and the rows that it finds, as they come.
    pub(crate) async fn stream(&self, sql: &str) -> Result<tokio_postgres::RowStream, Error> {
        Ok(self.client.query_raw(sql, Vec::<&(dyn ToSql + Sync)>::new()).await?)
    }

    /// Those that this session has not seen yet are prepared in one go.
    async fn prepare(&mut self, queries: &[&Query<'_>]) -> Result<Vec<Statement>, Error> {
        let mut new: Vec<&str> = Vec::new();
        for query in queries {
            if !self.statements.contains_key(&query.sql) && !new.contains(&query.sql.as_str()) {
                new.push(&query.sql);
            }
        }
        let prepared = join_all(new.iter().map(|sql| self.client.prepare(sql))).await;
        for (sql, statement) in new.into_iter().zip(prepared) {
            self.statements.insert(sql.to_owned(), statement?);
        }
        Ok(queries.iter().map(|query| self.statements[&query.sql].clone()).collect())
    }
}

fn unreachable(error: &std::io::Error) -> Error {
    Error::Unreachable(format!("error connecting to server: {error}"))
}

fn borrowed<'a>(query: &'a Query<'_>) -> Vec<&'a (dyn ToSql + Sync)> {
    query.params.iter().map(|param| param.as_ref() as &(dyn ToSql + Sync)).collect()
}

/// The result, unless `patience` ends before.
pub(crate) async fn within<T>(
    patience: Duration,
    what: &'static str,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    tokio::time::timeout(patience, work).await.unwrap_or(Err(Error::TimedOut(what)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig;
    use crate::target::Target;

    /// A server that is killed leaves its writes to the system, so no such test shows whether the disk would have them
    /// after a power cut. This one shows that a commit waits for it, whatever the database's default.
    #[tokio::test]
    async fn a_commit_waits_for_the_disk() {
        let url = rig::shared().database();
        let name = url.rsplit('/').next().and_then(|rest| rest.split('?').next()).unwrap();
        for (weaker, kept) in [("off", "on"), ("local", "on"), ("remote_write", "on"), ("remote_apply", "remote_apply")]
        {
            rig::shared().sql(name, &format!("ALTER DATABASE {name} SET synchronous_commit = {weaker}"));
            let mut session = Target::parse(&url).unwrap().connect(Role::Writer).await.unwrap();
            let asked = Query::new("SELECT current_setting('synchronous_commit') AS setting", Vec::new());
            let found = session.rows(None, &[asked]).await.unwrap();
            assert_eq!(found[0][0].get::<_, &str>("setting"), kept);
        }
    }

    /// While the rest of a batch is on its way no other time-out of the server's runs.
    #[tokio::test]
    async fn a_server_asks_whether_a_node_that_fell_silent_is_there() {
        let session = Target::parse(&rig::shared().database()).unwrap().connect(Role::Writer).await.unwrap();
        let settings = ["tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count"];
        let mut seconds = Vec::new();
        for setting in settings {
            seconds.extend(session.texts(&format!("SHOW {setting}")).await.unwrap());
        }
        assert_eq!(seconds, ["10", "5", "3"]);
    }

    /// As PostgreSQL warns when it gave up waiting for its standby, or when there was nothing to commit.
    #[tokio::test]
    async fn a_commit_that_was_warned_about_is_not_taken_for_done() {
        let session = Target::parse(&rig::shared().database()).unwrap().connect(Role::Writer).await.unwrap();
        session.batch("BEGIN").await.unwrap();
        assert!(session.commit().await.unwrap());
        assert!(!session.commit().await.unwrap(), "there is no transaction in progress");
    }
}
