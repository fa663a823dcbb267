//! Which version of the tables does the database have? Numbered steps, each run once, all in one transaction that holds the
//! version's row: of several nodes that start at once, one runs them.

use std::time::Duration;

use hongbao_store::moving::{Origin, Position};
use hongbao_store::{StoreInfo, names};

use tokio_postgres::Row;

use crate::error::Error;
use crate::query::Query;
use crate::session::{Session, within};
use crate::{OpenError, rows};

const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_books.sql"),
    include_str!("../migrations/0002_import.sql"),
    include_str!("../migrations/0003_claim_place.sql"),
    include_str!("../migrations/0004_oldest.sql"),
    include_str!("../migrations/0005_shards.sql"),
];
/// The oldest version that may go on while the tables are of the latest. What is to be taken away or changed is first no
/// longer used, by a version that only adds; the next one contracts, and raises this. Version 5 moves rows to where
/// version 4 does not look for them: it could only be stopped.
const OLDEST: i64 = 5;
/// Long enough for a busy database, and not for ever: on one that waits for its standby.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often tables are looked for that another node makes at the same time.
const TRIES_MAX: u32 = 5;
/// Something else than a store: a schema with tables that are not ours.
const TABLES: &str = "SELECT count(*) AS tables FROM information_schema.tables WHERE table_schema = current_schema()";
/// What [`check_version`] is to see. Asked for behind what it is to be true of, or in one view with it.
pub(crate) const VERSIONS: &str = "SELECT version, oldest FROM schema_version, oldest_version";
const VERSION: &str = "SELECT version FROM schema_version WHERE one = 1";
const OLDEST_OF: &str = "SELECT oldest FROM oldest_version WHERE one = 1";
const CREATE: &str = "CREATE TABLE schema_version (one SMALLINT PRIMARY KEY CHECK (one = 1), version BIGINT NOT NULL);
     INSERT INTO schema_version VALUES (1, 0)";

/// What is done with tables of an earlier version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Earlier {
    /// They are refused, for other nodes may be running on them.
    IsRefused,
    /// They are brought to this version.
    IsMigrated,
}

fn known() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Whether the tables are still of a version that is understood here, by a row that has `version` and `oldest`.
pub(crate) fn check_version(row: &Row) -> Result<(), Error> {
    let (found, oldest): (i64, i64) = (rows::get(row, "version")?, rows::get(row, "oldest")?);
    if (oldest..=found).contains(&known()) { Ok(()) } else { Err(Error::OtherVersion(found)) }
}

/// The tables' version; `None` when there are none.
pub(crate) async fn version(session: &mut Session) -> Result<Option<i64>, OpenError> {
    let found = match one(session, VERSION, "version").await {
        Err(error) if error.is_no_table() => None,
        found => Some(found?),
    };
    if found.is_none() && one(session, TABLES, "tables").await? > 0 {
        return Err(OpenError::NotAStore);
    }
    Ok(found)
}

/// Refuses tables that are of no version that is understood here.
pub(crate) async fn judge(session: &mut Session, found: i64) -> Result<(), OpenError> {
    let too_new = OpenError::TooNew { found, known: known() };
    match found.cmp(&known()) {
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Less => Err(OpenError::TooOld { found, known: known() }),
        std::cmp::Ordering::Greater if one(session, OLDEST_OF, "oldest").await? <= known() => Ok(()),
        std::cmp::Ordering::Greater => Err(too_new),
    }
}

/// Brings the tables to the latest version; an empty schema becomes a store that is `info`.
pub(crate) async fn run(session: &mut Session, info: &StoreInfo, earlier: Earlier) -> Result<(), OpenError> {
    for _ in 0..TRIES_MAX {
        match version(session).await? {
            Some(found) if found >= known() || earlier == Earlier::IsRefused => return judge(session, found).await,
            found => {
                let keys = if found.is_none() { Some(Keys::drawn()?) } else { None };
                let done = migrate(session, keys.as_ref().map(|keys| (info, keys)), None).await;
                match done {
                    // Another node was faster.
                    Err(error) if found.is_none() && error.is_made_twice() => session.batch("ROLLBACK").await?,
                    // Others read, and it gave way; or another node is at it.
                    Err(error) if error.is_passing() || error.is_held_up() => {
                        tracing::warn!(%error, "the tables are in use: once more");
                        session.batch("ROLLBACK").await?;
                    }
                    done => {
                        done?;
                        let kind = names::store_kind_name(info.kind);
                        match found {
                            None => tracing::warn!(kind, "the database was empty: a new store was made in it"),
                            Some(found) => tracing::warn!(from = found, to = known(), "the tables were migrated"),
                        }
                    }
                }
            }
        }
    }
    Err(OpenError::Unavailable("its tables could not be made: others make them at the same time".to_owned()))
}

/// Makes of an empty schema what the rows of another store are to be written into. Fails when somebody else was faster.
pub(crate) async fn run_for_import(session: &mut Session, origin: &Origin) -> Result<(), Error> {
    let draw_keys = origin.draw_keys.all().iter();
    let draw_keys = draw_keys.map(|(number, key)| (i64::from(*number), key.expose().to_vec()));
    let keys = Keys { person_key: origin.person_key.expose().to_vec(), draw_keys: draw_keys.collect() };
    migrate(session, Some((&origin.info, &keys)), Some(origin)).await
}

/// What a new store is given once and for ever.
struct Keys {
    person_key: Vec<u8>,
    draw_keys: Vec<(i64, Vec<u8>)>,
}

impl Keys {
    fn drawn() -> Result<Keys, Error> {
        let (mut person_key, mut draw_key) = (vec![0_u8; 32], vec![0_u8; 32]);
        for key in [&mut person_key, &mut draw_key] {
            getrandom::fill(key).map_err(|error| Error::Unreachable(error.to_string()))?;
        }
        Ok(Keys { person_key, draw_keys: vec![(1, draw_key)] })
    }
}

async fn migrate(
    session: &mut Session,
    new: Option<(&StoreInfo, &Keys)>,
    origin: Option<&Origin>,
) -> Result<(), Error> {
    // Whoever creates the same table at the same time waits here until this is committed, and then finds it there.
    session.batch("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE").await?;
    if new.is_some() {
        session.batch(CREATE).await?;
    }
    let found = one(session, "SELECT version FROM schema_version WHERE one = 1 FOR UPDATE", "version").await?;
    for migration in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(usize::MAX)) {
        session.batch(migration).await?;
    }
    let version = known();
    let mut writes = vec![
        Query::new("UPDATE schema_version SET version = $1", vec![Box::new(version)]),
        Query::new("UPDATE oldest_version SET oldest = $1", vec![Box::new(OLDEST)]),
    ];
    if let Some((info, keys)) = new {
        let currency = &info.currency;
        let store = "INSERT INTO store VALUES (1, $1, $2, $3, $4, $5)";
        writes.push(Query::new(
            store,
            vec![
                Box::new(names::store_kind_name(info.kind)),
                Box::new(currency.code.as_str()),
                Box::new(currency.symbol.as_str()),
                Box::new(i64::from(currency.minor_digits)),
                Box::new(keys.person_key.as_slice()),
            ],
        ));
        for (number, key) in &keys.draw_keys {
            let insert = "INSERT INTO draw_key VALUES ($1, $2)";
            writes.push(Query::new(insert, vec![Box::new(*number), Box::new(key.as_slice())]));
        }
    }
    if let Some(origin) = origin {
        let insert = "INSERT INTO import VALUES (1, $1, FALSE, $2, NULL)";
        let table = Position::START.table.name();
        writes.push(Query::new(insert, vec![Box::new(&origin.id[..]), Box::new(table)]));
    }
    session.write(&writes).await?;
    let is_sure = within(PATIENCE, "the tables' commit", session.commit()).await?;
    if is_sure { Ok(()) } else { Err(Error::Unreachable("it warned while the tables were committed".to_owned())) }
}

async fn one(session: &mut Session, sql: &str, column: &str) -> Result<i64, Error> {
    let queries = [Query::new(sql, Vec::new())];
    let found = within(PATIENCE, "the tables' version", session.rows(None, &queries)).await?;
    let row = found.first().and_then(|rows| rows.first()).ok_or_else(|| rows::nonsense(column, "there is no row"))?;
    rows::get(row, column)
}
