//! How do another store's rows get in? A page in one transaction, and how far that is in the same one: whatever became of
//! a commit whose answer was lost, the next look says it. Until all is there, nobody opens this as a store.

use std::sync::Arc;

use hongbao_engine::rows::Change;
use hongbao_store::StoreError;
use hongbao_store::moving::{MoveId, Origin, Position, RowPage, Table};
use hongbao_types::PacketId;
use tokio_postgres::Row;

use crate::error::Error;
use crate::query::Query;
use crate::session::{Role, Session, within};
use crate::target::Target;
use crate::writer::BEGIN;
use crate::{OpenError, OpenOptions, PostgresStore, migrations, rows, writes};

/// Tables that hold no rows of the engine's.
const OWN_TABLES: [&str; 5] = ["store", "draw_key", "schema_version", "oldest_version", "import"];
const IMPORT: &str = "SELECT * FROM import WHERE one = 1";

/// Why another store's rows don't get in.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// What is there can't be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It holds a store that was not brought there by this move.
    #[error("there is a store already, which did not come from this file")]
    OtherStore,
    /// Another store's migration into it is unfinished.
    #[error("another store's migration into it is unfinished")]
    OtherImport,
    /// All rows are there: it may have paid out already.
    #[error("the migration into it is complete")]
    Complete,
    /// A packet can't be found where its bill number says.
    #[error("the id of packet {0} does not end with its bill number's shard")]
    OtherShard(PacketId),
    /// The tables could not be made.
    #[error("its tables could not be made: {0}")]
    Begin(String),
    /// The database refused a page of rows, or did not answer.
    #[error("rows of the table {table} could not be written: {why}")]
    Write {
        /// Which one.
        table: &'static str,
        /// What the database says.
        why: String,
    },
    /// The database can't be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ImportError {
    /// Whether it says that nothing of this move is there.
    pub fn is_elsewhere(&self) -> bool {
        matches!(self, ImportError::OtherStore | ImportError::OtherImport | ImportError::Open(OpenError::NotAStore))
    }
}

impl From<Error> for ImportError {
    fn from(error: Error) -> ImportError {
        ImportError::Store(error.of_read())
    }
}

/// What there is to go on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The database is empty.
    NotBegun,
    /// All rows up to and including this one are there.
    At(Position),
    /// All rows are there, and it is a store.
    Complete,
}

/// A database that another store's rows are written into.
#[derive(Debug)]
pub struct PostgresImport {
    target: Arc<Target>,
    session: Session,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.place())
    }
}

impl PostgresImport {
    /// Connects to the database at `url`, and changes nothing.
    pub async fn connect(url: &str) -> Result<PostgresImport, OpenError> {
        let target = Arc::new(Target::parse(url)?.for_writing());
        let session = target.connect(Role::Writer).await?;
        Ok(PostgresImport { target, session })
    }

    /// Which database it is, without a password.
    pub fn place(&self) -> String {
        self.target.place()
    }

    /// How far this move is; `None` is one that has not begun anywhere. Refuses what is anything else.
    pub async fn progress(&mut self, id: Option<&MoveId>) -> Result<Progress, ImportError> {
        let Some(version) = migrations::version(&mut self.session).await? else { return Ok(Progress::NotBegun) };
        migrations::judge(&mut self.session, version).await?;
        let found = self.session.rows(None, &[Query::new("SELECT one FROM store", Vec::new())]).await?;
        if found[0].is_empty() {
            return Err(OpenError::NotAStore.into());
        }
        match import(&mut self.session).await? {
            Some(found) if Some(&found.id) == id => {
                Ok(if found.is_done { Progress::Complete } else { Progress::At(found.position) })
            }
            Some(Import { is_done: false, .. }) => Err(ImportError::OtherImport),
            _ => Err(ImportError::OtherStore),
        }
    }

    /// Makes the tables in an empty database, and in them all that goes along with the rows. What fails may still be there:
    /// [`progress`](Self::progress) says it.
    pub async fn begin(&mut self, origin: &Origin) -> Result<(), ImportError> {
        let begun = migrations::run_for_import(&mut self.session, origin).await;
        if let Err(error) = begun {
            // What fails here is said by whatever is asked next.
            let _ = self.session.batch("ROLLBACK").await;
            return Err(ImportError::Begin(error.to_string()));
        }
        Ok(())
    }

    /// Writes a page that goes on from `from`. It is not there before it is [committed](Self::commit).
    pub async fn write(&mut self, id: &MoveId, from: &Position, page: &RowPage) -> Result<(), ImportError> {
        let packets = page.rows.packets.iter().map(Change::after);
        if let Some(packet) = packets.into_iter().find(|packet| !packet.is_in_its_shard()) {
            return Err(ImportError::OtherShard(packet.id.clone()));
        }
        let mut queries = writes::writes(&page.rows);
        let to = &page.position;
        // Whoever else is at it finds another position, or waits here and then finds it.
        queries.insert(
            0,
            Query {
                sql: "UPDATE import SET at_table = $1, at_key = $2 WHERE one = 1 AND move_id = $3 AND NOT is_done
                      AND at_table = $4 AND at_key IS NOT DISTINCT FROM $5"
                    .to_owned(),
                params: vec![
                    Box::new(to.table.name()),
                    Box::new(to.last.as_deref()),
                    Box::new(&id[..]),
                    Box::new(from.table.name()),
                    Box::new(from.last.as_deref()),
                ],
                rows: Some(1),
            },
        );
        let session = &mut self.session;
        let written = async {
            session.batch(BEGIN).await?;
            session.write(&queries).await
        };
        let written = within(OpenOptions::default().patience, "rows to be written", written).await;
        written.map_err(|error| ImportError::Write { table: to.table.name(), why: error.to_string() })
    }

    /// Makes what was written last.
    pub async fn commit(&mut self) -> Result<(), ImportError> {
        match within(OpenOptions::default().patience, "a commit", self.session.commit()).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(StoreError::Unavailable("the database warned while it committed".to_owned()).into()),
            Err(error) => Err(error.into()),
        }
    }

    /// How many rows a table has.
    pub async fn count(&mut self, table: Table) -> Result<u64, ImportError> {
        let condition = if table == Table::Clock { " WHERE offset_ms <> 0" } else { "" };
        let sql = format!("SELECT count(*) AS count FROM {}{condition}", table.name());
        let found = self.session.rows(None, &[Query::new(sql, Vec::new())]).await?;
        let count = found[0].first().map(|row| rows::small(row, "count")).transpose()?;
        Ok(count.unwrap_or_default())
    }

    /// The store that it is, or is to be: to be read, and compared.
    pub async fn store(&self) -> Result<PostgresStore, OpenError> {
        let session = self.target.connect(Role::Reader).await?;
        PostgresStore::new(self.target.clone(), session, OpenOptions::default()).await
    }

    /// All rows are there: from now on it is a store.
    pub async fn finish(&mut self, id: &MoveId) -> Result<(), ImportError> {
        let sql = "UPDATE import SET is_done = TRUE WHERE one = 1 AND move_id = $1 AND NOT is_done";
        let finish = Query { sql: sql.to_owned(), params: vec![Box::new(&id[..])], rows: Some(1) };
        self.session.batch(BEGIN).await?;
        self.session.write(&[finish]).await?;
        self.commit().await
    }

    /// Takes everything away again; the database is as empty as it was.
    pub async fn abandon(&mut self, id: &MoveId) -> Result<(), ImportError> {
        self.session.batch(BEGIN).await?;
        let locked = Query::new(format!("{IMPORT} FOR UPDATE"), Vec::new());
        let found = self.session.rows(None, &[locked]).await?;
        match found[0].first().map(read).transpose()? {
            Some(found) if found.id == *id && !found.is_done => {}
            Some(found) if found.id == *id => return Err(ImportError::Complete),
            _ => return Err(ImportError::OtherImport),
        }
        let tables = Table::ALL.iter().map(|table| table.name()).chain(OWN_TABLES).collect::<Vec<_>>().join(", ");
        self.session.batch(&format!("DROP TABLE {tables}")).await?;
        self.commit().await
    }
}

/// What the row about an import says.
struct Import {
    id: MoveId,
    is_done: bool,
    position: Position,
}

fn read(row: &Row) -> rows::Result<Import> {
    let position = Position {
        table: rows::named(row, "at_table", Table::from_name)?,
        last: rows::get::<Option<String>>(row, "at_key")?,
    };
    Ok(Import { id: rows::bytes(row, "move_id")?, is_done: rows::get(row, "is_done")?, position })
}

async fn import(session: &mut Session) -> Result<Option<Import>, Error> {
    let found = session.rows(None, &[Query::new(IMPORT, Vec::new())]).await?;
    found[0].first().map(read).transpose()
}

/// Refuses what is not a store yet.
pub(crate) async fn refuse_unfinished(session: &mut Session) -> Result<(), OpenError> {
    match import(session).await? {
        Some(import) if !import.is_done => Err(OpenError::Unfinished),
        _ => Ok(()),
    }
}
