//! `hongbao migrate-store`: from SQLite to PostgreSQL, every row as it is. The file is marked before the first row is
//! elsewhere, and the database is no store before the last one is there and both have been compared: at no moment can
//! both be served.

#[cfg(test)]
mod tests;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;

use hongbao_engine::audit::AuditReport;
use hongbao_server::AuditReply;
use hongbao_store::Store;
use hongbao_store::clock::SystemClock;
use hongbao_store::moving::{MoveId, Position, RowPage, Table};
use hongbao_store_postgres::{ImportError, PostgresImport, Progress};
use hongbao_store_sqlite::{Mark, OpenError, SqliteSource, SqliteStore};
use serde_json::{Map, json};

use super::audit::counts;
use super::serve::{file_not_opened, not_opened};
use crate::args::MigrateStoreArgs;
use crate::config::StorePlace;
use crate::error::{Explain, Failure, Result};
use crate::files::read_file;
use crate::output::{Output, say};

/// How many rows are moved at once.
const PAGE: usize = 1000;

pub(crate) async fn run(args: &MigrateStoreArgs, output: Output) -> Result<ExitCode> {
    let url = target_url(args)?;
    let from = args.from.display().to_string();
    if let StorePlace::Database(_) = StorePlace::of(&from, "".as_ref())? {
        return Err(Failure::new("a store is moved from a file").hint("name the store's file: --from hongbao.db"));
    }
    let clock = Arc::new(SystemClock);
    // What is no store at all is told before anybody is asked.
    drop(SqliteStore::open_read_only(&args.from, clock.clone()).map_err(|error| no_source(&error))?);
    let mut target = PostgresImport::connect(&url).await.map_err(|error| not_opened(&error))?;
    let mut source = SqliteSource::open(&args.from, clock).map_err(|error| no_source(&error))?;
    let to = target.place();
    if args.abandon {
        abandon(&mut source, &mut target).await?;
        let object = json!({ "from": from, "to": to, "is_abandoned": true });
        output.result(object, || say!("abandoned   {from} may be served again, and {to} is empty"));
        return Ok(ExitCode::SUCCESS);
    }
    let mut bar = Bar::new(&source)?;
    let arrived = migrate(&mut source, &mut target, PAGE, &mut |step| {
        bar.show(step);
        Ok(())
    })
    .await;
    bar.clear();
    print(&arrived?, &from, &to, output);
    Ok(ExitCode::SUCCESS)
}

fn print(arrived: &Arrived, from: &str, to: &str, output: Output) {
    let audit = AuditReply::from(&arrived.report);
    let rows: Map<_, _> = arrived.counts.iter().map(|(table, count)| (table.name().to_owned(), json!(count))).collect();
    let is_equal = arrived.is_compared.then_some(true);
    let object = json!({ "from": from, "to": to, "rows": rows, "is_equal": is_equal, "audit": audit });
    output.result(object, || {
        let rows = arrived.counts.iter().filter(|(_, count)| *count > 0);
        let rows: Vec<_> = rows.map(|(table, count)| format!("{} {count}", table.name())).collect();
        say!("from        {from}");
        say!("to          {to}");
        say!("rows        {}", rows.join(", "));
        say!("counted     {}", counts(&audit));
        match audit.differences.len() {
            _ if !arrived.is_compared => say!("audit       not compared: the migration was complete already"),
            0 => say!("audit       equal on both sides: every fen is in its place"),
            count => say!("audit       equal on both sides: {count} differences, which `hongbao audit` lists"),
        }
        say!("next        serve that database: store = \"postgres://…\" in the configuration; the file is not served again");
    });
}

fn target_url(args: &MigrateStoreArgs) -> Result<String> {
    let url = match (&args.to_file, &args.to) {
        (Some(file), _) => read_file(file)?.trim().to_owned(),
        (None, Some(to)) => to.clone(),
        (None, None) => std::env::var("HONGBAO_MIGRATE_TO").map_err(|_| {
            Failure::new("the database is not named").hint("name it: --to-file FILE, --to URL, or HONGBAO_MIGRATE_TO")
        })?,
    };
    match StorePlace::of(&url, "".as_ref())? {
        StorePlace::Database(url) => Ok(url),
        // It may be a password.
        StorePlace::File(_) => Err(Failure::new("a store is moved to a PostgreSQL database, and this URL names none")
            .hint("it reads postgres://user:password@host:5432/database")),
    }
}

fn no_source(error: &OpenError) -> Failure {
    if let OpenError::InUse(_) = error {
        Failure::new(error).hint("stop that server: nothing may change while the store is moved")
    } else if let OpenError::Missing(_) = error {
        Failure::new(error).hint("name the store's file: --from hongbao.db")
    } else {
        file_not_opened(error)
    }
}

fn not_written(error: &ImportError) -> Failure {
    let hint = match error {
        ImportError::Open(error) => return not_opened(error),
        ImportError::OtherStore => "name an empty database, or the one that an earlier run began with",
        ImportError::OtherImport => "finish that one, or give it up with --abandon, or name another database",
        ImportError::Complete => "run it without --abandon, which finishes the rest; the database is the store now",
        ImportError::OtherShard(_) => "no platform of this version made it: such a store can't be moved",
        ImportError::Begin(_) => "may this user create tables in it? Then run the same again",
        ImportError::Write { .. } => "run the same again: it goes on where it was; --abandon stays with the file",
        ImportError::Store(_) => "is the database running? Then run the same again: it goes on where it was",
    };
    Failure::new(error).hint(hint)
}

/// What was done just now. What has to do with steps may stop it there, and so a test sees what is left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The file is not served any more.
    Marked,
    /// The database has tables.
    Begun,
    /// So many rows were moved by an earlier run.
    Found(u64),
    /// Rows were written, and are not there yet.
    Written,
    /// They are there.
    Moved(Table, u64),
    /// Both sides are equal.
    Compared,
    /// The database is a store.
    Complete,
}

type Watch<'a> = &'a mut dyn FnMut(Step) -> Result<()>;

/// All that was moved.
#[derive(Debug)]
struct Arrived {
    /// Whether the database was compared with it just now: once it is a store, it goes on by itself.
    is_compared: bool,
    counts: Vec<(Table, u64)>,
    report: AuditReport,
}

/// Moves everything that is not there yet, `page` rows at a time.
async fn migrate(
    source: &mut SqliteSource,
    target: &mut PostgresImport,
    page: usize,
    watch: Watch<'_>,
) -> Result<Arrived> {
    let place = target.place();
    let mark = source.mark().map_err(Failure::new)?;
    let progress = target.progress(mark.as_ref().map(|mark| &mark.id)).await.map_err(|error| not_written(&error))?;
    let is_new = mark.is_none();
    let id = match mark {
        // Somebody killed it at the very end, or wants to see that all is well.
        Some(mark) if progress == Progress::Complete => {
            if !mark.is_done {
                source.finish(mark.id).map_err(Failure::new)?;
            }
            return Ok(Arrived { is_compared: false, ..arrived(source).await? });
        }
        Some(mark) if mark.is_done => return Err(elsewhere(&mark)),
        Some(mark) if progress == Progress::NotBegun && mark.place != place => return Err(elsewhere(&mark)),
        Some(mark) => mark.id,
        None => {
            check_shards(source)?;
            let mut id = MoveId::default();
            getrandom::fill(&mut id).explain("there is no randomness")?;
            source.begin(id, &place).map_err(Failure::new)?;
            watch(Step::Marked)?;
            id
        }
    };
    let mut at = Position::START;
    if let Progress::At(position) = progress {
        at = position;
        watch(Step::Found(counts_of(target).await?.iter().map(|(_, count)| count).sum()))?;
    } else {
        if let Err(error) = target.begin(&source.origin(id)).await {
            if is_new && is_certainly_empty(target, &id).await {
                source.free(id).map_err(Failure::new)?;
            }
            return Err(not_written(&error));
        }
        watch(Step::Begun)?;
    }
    while let Some(page) = next_page(source, &at, page)? {
        target.write(&id, &at, &page).await.map_err(|error| not_written(&error))?;
        watch(Step::Written)?;
        target.commit().await.map_err(|error| not_written(&error))?;
        watch(Step::Moved(page.position.table, page.count()))?;
        at = page.position;
    }
    let arrived = arrived(source).await?;
    compare(&arrived, target).await?;
    watch(Step::Compared)?;
    // In this order: as long as the file can be given back, the database is nothing that could have paid.
    target.finish(&id).await.map_err(|error| not_written(&error))?;
    watch(Step::Complete)?;
    source.finish(id).map_err(Failure::new)?;
    Ok(arrived)
}

/// Whether nothing of this move is in the database.
async fn is_certainly_empty(target: &mut PostgresImport, id: &MoveId) -> bool {
    match target.progress(Some(id)).await {
        Ok(progress) => progress == Progress::NotBegun,
        Err(error) => error.is_elsewhere(),
    }
}

fn next_page(source: &SqliteSource, at: &Position, page: usize) -> Result<Option<RowPage>> {
    source.page(at, page).map_err(|error| {
        Failure::new(format!("rows of the table {} can't be read: {error}", at.table.name()))
            .hint("`hongbao audit --store FILE` reads all that it holds; --abandon stays with the file")
    })
}

/// Before anything is marked: a packet must be found by its bill number and by its id.
fn check_shards(source: &SqliteSource) -> Result<()> {
    let mut at = Position { table: Table::Packets, last: None };
    while let Some(page) = next_page(source, &at, PAGE)?.filter(|page| page.position.table == Table::Packets) {
        let packets = page.rows.packets.iter().map(hongbao_engine::rows::Change::after);
        if let Some(packet) = packets.into_iter().find(|packet| !packet.is_in_its_shard()) {
            return Err(not_written(&ImportError::OtherShard(packet.id.clone())));
        }
        at = page.position;
    }
    Ok(())
}

fn elsewhere(mark: &Mark) -> Failure {
    if mark.is_done {
        Failure::new(format!("the store was moved to {}", mark.place))
            .hint("serve that one; if it was restored from an older backup since, restore a later one")
    } else {
        Failure::new(format!("the store is being moved to {}, not to this database", mark.place))
            .hint("name that database, to finish it or to give it up with --abandon")
    }
}

/// What the file holds, as it is counted and audited.
async fn arrived(source: &SqliteSource) -> Result<Arrived> {
    let count = |table| source.count(table).map(|count| (table, count)).map_err(Failure::new);
    let counts = Table::ALL.into_iter().map(count).collect::<Result<_>>()?;
    Ok(Arrived { is_compared: true, counts, report: in_order(source.store().audit().await.map_err(Failure::new)?) })
}

/// Differences are found in the order of rows, which is each store's own.
fn in_order(mut report: AuditReport) -> AuditReport {
    report.differences.sort_by_key(ToString::to_string);
    report
}

async fn counts_of(target: &mut PostgresImport) -> Result<Vec<(Table, u64)>> {
    let mut counts = Vec::new();
    for table in Table::ALL {
        counts.push((table, target.count(table).await.map_err(|error| not_written(&error))?));
    }
    Ok(counts)
}

async fn compare(arrived: &Arrived, target: &mut PostgresImport) -> Result<()> {
    let differ = |what: String| {
        Failure::new(format!("the two sides differ: {what}"))
            .hint("nothing was made usable; --abandon stays with the file")
    };
    let counts = counts_of(target).await?;
    for ((table, here), (_, there)) in arrived.counts.iter().zip(&counts) {
        if here != there {
            let name = table.name();
            return Err(differ(format!("the table {name} has {here} rows in the file and {there} in the database")));
        }
    }
    let store = target.store().await.map_err(|error| not_opened(&error))?;
    let report = in_order(store.audit().await.map_err(Failure::new)?);
    if report == arrived.report { Ok(()) } else { Err(differ("their audits are not equal".to_owned())) }
}

/// Gives an unfinished migration up.
async fn abandon(source: &mut SqliteSource, target: &mut PostgresImport) -> Result<()> {
    let mark = source.mark().map_err(Failure::new)?;
    let mark = mark.ok_or_else(|| Failure::new("the store is not being moved").hint("there is nothing to give up"))?;
    let progress = match target.progress(Some(&mark.id)).await {
        // Somebody else took the place before it had begun there.
        Err(error) if error.is_elsewhere() && mark.place == target.place() => Progress::NotBegun,
        progress => progress.map_err(|error| not_written(&error))?,
    };
    match progress {
        Progress::Complete => return Err(not_written(&ImportError::Complete)),
        _ if mark.is_done => return Err(elsewhere(&mark)),
        Progress::At(_) => target.abandon(&mark.id).await.map_err(|error| not_written(&error))?,
        // It was killed before the first row, or in the middle of giving up.
        Progress::NotBegun if mark.place == target.place() => {}
        Progress::NotBegun => return Err(elsewhere(&mark)),
    }
    source.free(mark.id).map_err(Failure::new)
}

/// How far it is, for somebody who looks on.
struct Bar {
    all: u64,
    done: u64,
    is_seen: bool,
}

impl Bar {
    fn new(source: &SqliteSource) -> Result<Bar> {
        let counts = Table::ALL.into_iter().map(|table| source.count(table));
        let all = counts.sum::<std::result::Result<u64, _>>().map_err(Failure::new)?;
        Ok(Bar { all, done: 0, is_seen: std::io::stderr().is_terminal() })
    }

    fn show(&mut self, step: Step) {
        let what = match step {
            Step::Found(rows) => {
                self.done = rows;
                "going on"
            }
            Step::Moved(table, rows) => {
                self.done = self.done.saturating_add(rows);
                table.name()
            }
            Step::Compared => "compared",
            Step::Marked | Step::Begun | Step::Written | Step::Complete => return,
        };
        self.write(&format!("{what}: {} of {} rows", self.done, self.all));
    }

    fn clear(&self) {
        self.write("");
    }

    fn write(&self, line: &str) {
        if self.is_seen {
            // Nobody is worse off who does not see it.
            let _ = write!(std::io::stderr(), "\r\x1b[2K{line}");
        }
    }
}
